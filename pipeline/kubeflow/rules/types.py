"""Types of parameters, as the specification names them and as the driver compares them."""

from __future__ import annotations

from typing import Any

from kfp.pipeline_spec import pipeline_spec_pb2

ParameterType = pipeline_spec_pb2.ParameterType.ParameterTypeEnum
STRING = ParameterType.Value("STRING")

# What a google.protobuf.Value holds where it is of a type
# (v2/driver/resolve.go, handleParamTypeValidationAndConversion).
_KINDS = {
    "NUMBER_DOUBLE": "number_value",
    "NUMBER_INTEGER": "number_value",
    "STRING": "string_value",
    "BOOLEAN": "bool_value",
    "LIST": "list_value",
    "STRUCT": "struct_value",
}


def type_name(parameter_type: int) -> str:
    """The name of a type, such as NUMBER_INTEGER."""
    return ParameterType.Name(parameter_type)


def is_of_type(value: Any, parameter_type: int) -> bool:
    """Whether a google.protobuf.Value is of a type. A whole number is not asked for where NUMBER_INTEGER is: the
    backend does not ask either.
    """
    return value.WhichOneof("kind") == _KINDS.get(type_name(parameter_type))
