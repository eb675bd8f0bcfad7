from __future__ import annotations

import math

import pytest

from pipeline.kubeflow.local.values import from_text, number_text, to_text, value_of
from pipeline.kubeflow.rules.types import ParameterType


@pytest.mark.parametrize(
    ("number", "text"),
    [(3.0, "3"), (-0.5, "-0.5"), (1e-7, "0.0000001"), (1e21, "1" + "0" * 21), (0.1, "0.1"), (math.inf, "+Inf")],
)
def test_numbers_are_written_as_go_writes_them(number, text):
    assert number_text(number) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        ([1, "ü", 2.5], '[1,"ü",2.5]'),
        ({"b": None, "a": "<&>"}, '{"a":"\\u003c\\u0026\\u003e","b":null}'),
    ],
)
def test_values_as_texts(value, text):
    assert to_text(value_of(value)) == text


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("STRING", "", ""),
        ("STRING", " a\n", " a\n"),
        ("NUMBER_INTEGER", " +7\n", 7),
        ("NUMBER_DOUBLE", "1e-3\n", 0.001),
        ("BOOLEAN", "TRUE", True),
        ("BOOLEAN", "0", False),
        ("LIST", "[1]", [1]),
        ("STRUCT", '{"a": 1}', {"a": 1}),
    ],
)
def test_texts_as_values(kind, text, value):
    assert from_text(text, ParameterType.Value(kind)) == value_of(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("NUMBER_INTEGER", "1.0"), ("NUMBER_INTEGER", "1_000"), ("NUMBER_INTEGER", ""),
        ("NUMBER_INTEGER", str(1 << 63)),
        ("NUMBER_DOUBLE", "one"), ("BOOLEAN", "yes"), ("LIST", "{}"), ("LIST", "["), ("STRUCT", "[]"),
        ("TASK_FINAL_STATUS", "{}"),
    ],
)  # fmt: skip
def test_texts_that_are_of_another_type(kind, text):
    with pytest.raises(ValueError, match=r".+"):
        from_text(text, ParameterType.Value(kind))


@pytest.mark.parametrize("thing", [object(), {1, 2}])
def test_what_is_no_json(thing):
    with pytest.raises(ValueError, match="is no JSON value"):
        value_of(thing)
