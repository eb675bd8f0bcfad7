"""Parameters of a run, as words of the command line, typed by what the compiled pipeline declares."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.kubeflow.document import Compiled
from pipeline.kubeflow.errors import KubeflowError

_Type: Any = getattr(pipeline_spec_pb2.ParameterType, "ParameterTypeEnum")  # noqa: B009 - protobuf has no types


_LARGEST = 1 << 53  # the API keeps numbers as doubles, which hold whole ones up to here


def _whole(word: str) -> int:
    number = int(word)
    if abs(number) > _LARGEST:
        raise ValueError("it would arrive as another number")
    return number


def _finite(word: str) -> float:
    number = float(word)
    if not math.isfinite(number):
        raise ValueError("JSON has no such number")
    return number


def _truth(word: str) -> bool:
    return {"true": True, "false": False}[word.lower()]


_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "NUMBER_INTEGER": ("a whole number (to 2^53)", _whole),
    "NUMBER_DOUBLE": ("a finite number", _finite),
    "BOOLEAN": ("true or false", _truth),
    "STRING": ("a text", str),
}


def read_parameters(words: Iterable[str], compiled: Compiled) -> dict[str, Any]:
    """The values of `NAME=VALUE` words.

    Raises:
        KubeflowError: a word is no such pair or stands twice, or the pipeline has no such parameter of that type.
    """
    kinds = parameter_types(compiled)
    values: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise KubeflowError(f"--param {word}: write it as NAME=VALUE, such as epochs=2")
        if name not in kinds:
            raise KubeflowError(f"--param {word}: the pipeline has no parameter {name}; it takes {_accepted(kinds)}")
        if name in values:
            raise KubeflowError(f"--param {word}: {name} is set twice; leave one out")
        values[name] = _value(word, value, kinds[name])
    return values


def parameter_types(compiled: Compiled) -> dict[str, str]:
    """The parameters of a pipeline, by name: the name of the type."""
    declared = compiled.spec.root.input_definitions.parameters
    return {name: _Type.Name(declared[name].parameter_type) for name in sorted(declared)}


def _value(word: str, value: str, kind: str) -> Any:
    said, read = _READERS.get(kind, _READERS["STRING"])
    try:
        return read(value)
    except (KeyError, ValueError) as error:
        raise KubeflowError(f"--param {word}: {value!r} is not {said}; give one") from error


def _accepted(kinds: dict[str, str]) -> str:
    if not kinds:
        return "none"
    return ", ".join(f"{name} ({_READERS.get(kind, _READERS['STRING'])[0]})" for name, kind in kinds.items())
