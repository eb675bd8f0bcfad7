from __future__ import annotations

from tfx.types import standard_artifacts

from components.served_model.component import ServedModel
from tests.components.evaluator.compiling import compile_step


def test_what_is_served_is_a_parameter_that_the_cache_sees():
    step = ServedModel(push_folder="/serving/reviews", state="none", code="abc")
    assert step.exec_properties == {"push_folder": "/serving/reviews", "state": "none", "code": "abc"}
    assert step.outputs["model"].type is standard_artifacts.Model


def test_it_compiles_for_kubeflow(tmp_path):
    container = compile_step(ServedModel(push_folder="/serving/reviews", state="none", code="abc"), [], tmp_path)
    assert "components.served_model.executor.Executor" in container["args"]
    assert container["inputs"]["push_folder"]["runtimeValue"]["constant"] == "/serving/reviews"
