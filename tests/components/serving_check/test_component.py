from __future__ import annotations

import json
from typing import Any

from kfp.pipeline_spec import pipeline_spec_pb2
from tfx.components.pusher import executor as tfx_pusher
from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_entrypoint_utils as entrypoint
from tfx.types import standard_artifacts

from components.serving_check.component import ServingCheck
from tests.components.evaluator.compiling import compile_step, imported


def step(code="c", last_refusal="", **settings):
    model_node, model = imported(standard_artifacts.Model, "model")
    examples_node, examples = imported(standard_artifacts.Examples, "examples")
    check = ServingCheck(
        model=model,
        examples=examples,
        settings={"release": "2.16", **settings},
        code=code,
        last_refusal=last_refusal,
    )
    return check, [model_node, examples_node]


def test_inputs_and_output():
    check, _ = step()
    assert set(check.inputs) == {"model", "examples"}
    assert check.outputs["blessing"].type is standard_artifacts.InfraBlessing


def test_the_settings_are_a_parameter_whatever_their_order():
    first, _ = step(max_p50_ms=1, examples=2)
    second, _ = step(examples=2, max_p50_ms=1)
    assert json.loads(first.exec_properties["settings"]) == {"release": "2.16", "max_p50_ms": 1, "examples": 2}
    assert first.exec_properties == second.exec_properties
    assert first.exec_properties != step(code="other")[0].exec_properties


def test_it_compiles_for_kubeflow_which_refuses_tfxs_own(tmp_path):
    container = compile_step(*step(), tmp_path)
    assert "components.serving_check.executor.Executor" in container["args"]
    assert "2.16" in json.dumps(container["inputs"])


def test_its_blessing_reaches_pusher_through_kubeflow():
    for blessed in (0, 1):
        written = standard_artifacts.InfraBlessing()
        written.uri = "/artifacts/blessing"
        written.set_int_custom_property("blessed", blessed)
        sent = entrypoint.to_runtime_artifact(written, {})
        sent.type.schema_title = "tfx.InfraBlessing"
        received: Any = pipeline_spec_pb2.ExecutorInput()
        received.inputs.artifacts["infra_blessing"].artifacts.append(sent)
        read = entrypoint.parse_raw_artifact_dict(received.inputs.artifacts)
        assert tfx_pusher.Executor().CheckBlessing(read) is bool(blessed)
