from __future__ import annotations

import json

import pytest
from tfx import components as tfx_components
from tfx.components.evaluator import executor as tfx_executor
from tfx.types import standard_artifacts

from components.evaluator import executor
from components.evaluator.component import Evaluator
from components.linear_baseline.artifact import LinearPredictions
from tests.components.evaluator.compiling import compile_step, imported

GATES = {"metrics": {"accuracy": {"at_least": 0.85, "max_drop": None}}, "slices": {}}

LABELS = {"kind": "multilabel", "names": ["toxic", "threat"], "threshold": 0.5}


def _evaluator(with_baseline=True):
    nodes = {
        "examples": imported(standard_artifacts.Examples, "examples"),
        "model": imported(standard_artifacts.Model, "model"),
        "baseline_model": imported(standard_artifacts.Model, "served"),
        "linear_baseline": imported(LinearPredictions, "linear"),
    }
    if not with_baseline:
        del nodes["baseline_model"], nodes["linear_baseline"]
    step = Evaluator(
        examples=nodes["examples"][1],
        model=nodes["model"][1],
        baseline_model=nodes["baseline_model"][1] if with_baseline else None,
        linear_baseline=nodes["linear_baseline"][1] if with_baseline else None,
        gates=GATES,
        labels=LABELS,
        columns=["language"],
        code="abc",
    )
    return step, [node for node, _ in nodes.values()]


def test_kubeflow_recognises_step_and_executor_by_class():
    step, _ = _evaluator()
    assert isinstance(step, tfx_components.Evaluator)
    assert issubclass(executor.Executor, tfx_executor.Executor)


def test_gates_code_and_splits_are_parameters_that_the_cache_sees():
    step, _ = _evaluator()
    assert json.loads(step.exec_properties["gates"]) == GATES
    assert json.loads(step.exec_properties["labels"]) == LABELS
    assert step.exec_properties["code"] == "abc"
    assert json.loads(step.exec_properties["example_splits"]) == ["test"]
    assert set(step.outputs) == {"evaluation", "blessing"}


@pytest.mark.parametrize("with_baseline", [True, False])
def test_it_compiles_for_kubeflow(tmp_path, with_baseline):
    container = compile_step(*_evaluator(with_baseline), tmp_path)
    assert "components.evaluator.executor.Executor" in container["args"]
    assert container["inputs"]["code"]["runtimeValue"]["constant"] == "abc"
