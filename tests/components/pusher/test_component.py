from __future__ import annotations

import json

from tfx import components as tfx_components
from tfx.components.pusher import executor as tfx_executor
from tfx.types import standard_artifacts

from components.example_gen.artifact import Quarantine
from components.pusher import executor
from components.pusher.component import Pusher, Sources
from tests.components.evaluator.compiling import compile_step, imported


def _pusher(nonce="run-1"):
    model_node, model = imported(standard_artifacts.Model, "model")
    blessing_node, blessing = imported(standard_artifacts.ModelBlessing, "blessing")
    infra_node, infra_blessing = imported(standard_artifacts.InfraBlessing, "infra")
    baseline_node, baseline = imported(standard_artifacts.Model, "served")
    quarantine_node, quarantine = imported(Quarantine, "quarantine")
    run_node, model_run = imported(standard_artifacts.ModelRun, "model_run")
    step = Pusher(
        model=model,
        model_blessing=blessing,
        infra_blessing=infra_blessing,
        baseline=baseline,
        sources=Sources(quarantine, model_run),
        push_folder="/serving/reviews",
        custom_config={"nonce": nonce, "card": {"name": "reviews"}},
    )
    return step, [model_node, blessing_node, infra_node, baseline_node, quarantine_node, run_node]


def test_kubeflow_recognises_step_and_executor_by_class():
    step, _ = _pusher()
    assert isinstance(step, tfx_components.Pusher)
    assert issubclass(executor.Executor, tfx_executor.Executor)


def test_what_the_model_was_compared_with_is_an_input():
    step, _ = _pusher()
    assert set(step.inputs) == {"model", "model_blessing", "infra_blessing", "baseline", "quarantine", "model_run"}
    assert step.inputs["baseline"].type is standard_artifacts.Model
    assert step.outputs["pushed_model"].type is standard_artifacts.PushedModel


def test_no_two_runs_have_equal_parameters():
    (first, _), (second, _) = _pusher("run-1"), _pusher("run-2")
    assert json.loads(first.exec_properties["custom_config"]) == {"card": {"name": "reviews"}, "nonce": "run-1"}
    assert first.exec_properties["custom_config"] != second.exec_properties["custom_config"]


def test_it_compiles_for_kubeflow(tmp_path):
    container = compile_step(*_pusher(), tmp_path)
    assert "components.pusher.executor.Executor" in container["args"]
    assert "/serving/reviews" in json.dumps(container["inputs"])
