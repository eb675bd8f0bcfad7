from __future__ import annotations

import dataclasses
import json

from tfx.types import standard_artifacts

from components.linear_baseline.artifact import LinearPredictions
from components.linear_baseline.component import LinearBaseline
from tests.components.evaluator.compiling import compile_step, imported
from tests.components.linear_baseline.corpus import task

SETTINGS = dataclasses.asdict(task())


def _step():
    node, examples = imported(standard_artifacts.Examples, "examples")
    return LinearBaseline(examples=examples, settings=SETTINGS, code="abc"), node


def test_settings_and_code_are_parameters_that_the_cache_sees():
    step, _ = _step()
    assert json.loads(step.exec_properties["settings"]) == SETTINGS
    assert step.exec_properties["code"] == "abc"
    assert step.outputs["predictions"].type is LinearPredictions


def test_it_compiles_for_kubeflow(tmp_path):
    step, node = _step()
    container = compile_step(step, [node], tmp_path)
    assert "components.linear_baseline.executor.Executor" in container["args"]
    assert container["inputs"]["code"]["runtimeValue"]["constant"] == "abc"
