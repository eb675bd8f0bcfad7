from __future__ import annotations

import pytest

from pipeline.kubeflow.document import parse_compiled
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.parameters import parameter_types, read_parameters
from tests.pipeline.kubeflow.api.conftest import SPEC


@pytest.fixture(scope="module")
def compiled():
    return parse_compiled(SPEC, "tiny.yaml")


def test_values_have_the_types_that_the_pipeline_declares(compiled):
    words = ["epochs=2", "rate=1e-3", "encoder=a=b", "deep=False"]
    values = read_parameters(words, compiled)
    assert values == {"epochs": 2, "rate": 0.001, "encoder": "a=b", "deep": False}
    assert type(values["epochs"]) is int


def test_a_text_may_be_empty(compiled):
    assert read_parameters(["encoder="], compiled) == {"encoder": ""}


def test_the_types_are_told_by_name(compiled):
    assert parameter_types(compiled)["rate"] == "NUMBER_DOUBLE"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["epochs"], "write it as NAME=VALUE"),
        (["=2"], "write it as NAME=VALUE"),
        (["epochs=two"], "'two' is not a whole number"),
        (["epochs=2.5"], "'2.5' is not a whole number"),
        (["rate=fast"], "'fast' is not a finite number"),
        (["rate=nan"], "'nan' is not a finite number"),
        (["rate=-inf"], "'-inf' is not a finite number"),
        (["rate=1e999"], "'1e999' is not a finite number"),
        (["epochs=9007199254740993"], "is not a whole number"),
        (["epochs=-99999999999999999999"], "is not a whole number"),
        (["deep=yes"], "'yes' is not true or false"),
        (["epochs=1", "epochs=2"], "epochs is set twice"),
        (["epoch=1"], r"no parameter epoch; it takes deep \(true or false\), encoder \(a text\), epochs \(a whole"),
    ],
)
def test_what_is_wrong_is_told(compiled, words, told):
    with pytest.raises(KubeflowError, match=told):
        read_parameters(words, compiled)


def test_a_pipeline_may_have_none():
    spec = SPEC.replace("  inputDefinitions:\n", "  x:\n")
    lines = [
        line for line in spec.splitlines() if "parameterType" not in line and line.strip() not in ("parameters:", "x:")
    ]
    with pytest.raises(KubeflowError, match="it takes none"):
        read_parameters(["epochs=1"], parse_compiled("\n".join(lines), "none.yaml"))
