"""Parameters between their values and their texts (v2/metadata/converter.go; launcher_v2.go, getPlaceholders)."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any

from google.protobuf import json_format, struct_pb2

from pipeline.kubeflow.document import to_json
from pipeline.kubeflow.rules.types import is_of_type, type_name

_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_DOUBLE = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|[+-]?inf(inity)?|nan", re.ASCII | re.IGNORECASE)
_TRUTH = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}
_HTML = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"})


def value_of(thing: Any) -> struct_pb2.Value:
    """A JSON value as a google.protobuf.Value. Raises ValueError where it is none."""
    try:
        return json_format.ParseDict(thing, struct_pb2.Value())
    except (json_format.ParseError, TypeError, AttributeError) as error:
        raise ValueError(f"{thing!r} is no JSON value") from error


def to_text(value: Any) -> str:
    """What a text parameter, or a placeholder, becomes of a value (PbValueToText): lists and structs are JSON as Go's
    encoding/json writes it, which escapes what HTML would read.
    """
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        return number_text(value.number_value)
    if kind == "bool_value":
        return "true" if value.bool_value else "false"
    if kind in {"list_value", "struct_value"}:
        return json.dumps(to_json(value), separators=(",", ":"), sort_keys=True, ensure_ascii=False).translate(_HTML)
    return ""


def number_text(number: float) -> str:
    """A number in plain decimals, as few as tell it from all others: Go's FormatFloat(number, 'f', -1, 64)."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    return format(Decimal(repr(number)), "f").removesuffix(".0")


def from_text(text: str, parameter_type: int) -> struct_pb2.Value:
    """The value that an output parameter's file holds (TextToPbValue). Raises ValueError where it is another."""
    name = type_name(parameter_type)
    if name == "STRING":
        return struct_pb2.Value(string_value=text)
    readers = {"NUMBER_INTEGER": _integer, "NUMBER_DOUBLE": _double, "BOOLEAN": _truth, "LIST": _json, "STRUCT": _json}
    if name not in readers:
        raise ValueError(f"unknown type {name}")
    value = readers[name](text)
    if not is_of_type(value, parameter_type):
        raise ValueError(f"{text[:80]!r} is no {name}")
    return value


def _integer(text: str) -> struct_pb2.Value:
    stripped = text.strip()
    if _INTEGER.fullmatch(stripped) is None or not -(1 << 63) <= int(stripped) < 1 << 63:
        raise ValueError(f"{text[:80]!r} is no whole number of 64 bits")
    return struct_pb2.Value(number_value=float(int(stripped)))


def _double(text: str) -> struct_pb2.Value:
    if _DOUBLE.fullmatch(text.strip()) is None:
        raise ValueError(f"{text[:80]!r} is no number")
    return struct_pb2.Value(number_value=float(text.strip()))


def _truth(text: str) -> struct_pb2.Value:
    if text.strip() not in _TRUTH:
        raise ValueError(f"{text[:80]!r} is no truth value")
    return struct_pb2.Value(bool_value=_TRUTH[text.strip()])


def _json(text: str) -> struct_pb2.Value:
    return value_of(json.loads(text))
