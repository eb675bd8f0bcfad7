"""The runtime parameters of a run: what is given, checked, and the defaults of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2

from pipeline.kubeflow.document import Compiled
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.local.values import value_of
from pipeline.kubeflow.rules.texts import hazard
from pipeline.kubeflow.rules.types import is_of_type, type_name


def run_parameters(compiled: Compiled, given: Mapping[str, Any]) -> dict[str, struct_pb2.Value]:
    """Every runtime parameter's value: checked as the API server does (apiserver/template/v2_template.go,
    validatePipelineJobInputs), defaults filled in as the compiler does (argocompiler/argo.go, Compile).

    Args:
        compiled: the pipeline.
        given: JSON values by name.

    Raises:
        KubeflowError: a parameter is not the pipeline's, is missing, is of another type, or would not arrive as it is.
    """
    declared = compiled.spec.root.input_definitions.parameters
    unknown = sorted(set(given) - set(declared))
    if unknown:
        known = ", ".join(sorted(declared)) or "none"
        raise KubeflowError(f"parameter {unknown[0]} is not required by the pipeline; it has {known}")
    return {name: _value(name, spec, given) for name, spec in sorted(declared.items())}


def _value(name: str, spec: Any, given: Mapping[str, Any]) -> struct_pb2.Value:
    if name in given:
        return _checked(name, spec, given[name])
    if spec.HasField("default_value"):
        return spec.default_value
    if spec.is_optional:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    raise KubeflowError(f"parameter {name} is not optional, yet has neither default value nor user provided value")


def _checked(name: str, spec: Any, thing: Any) -> struct_pb2.Value:
    try:
        value = value_of(thing)
    except ValueError as error:
        raise KubeflowError(f"parameter {name}: {error}; give a {type_name(spec.parameter_type)}") from error
    if not is_of_type(value, spec.parameter_type):
        raise KubeflowError(f"parameter {name} is {thing!r}; give a {type_name(spec.parameter_type)}")
    problem = hazard(value.string_value)
    if problem:
        raise KubeflowError(f"parameter {name} is {thing!r}: {problem}; write it otherwise")
    return value
