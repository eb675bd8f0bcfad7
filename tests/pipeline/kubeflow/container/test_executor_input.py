from __future__ import annotations

import json

import pytest

from pipeline.kubeflow.container.executor_input import (
    artifact_path,
    for_tfx,
    from_tfx,
    lay_over,
    output_file,
    parameter_values,
)
from pipeline.kubeflow.container.mounts import MOUNT_ROOT

EXAMPLES = {"instanceSchema": "title: tfx.Examples\n"}


@pytest.fixture(autouse=True)
def no_mounts(monkeypatch):
    monkeypatch.delenv(MOUNT_ROOT, raising=False)


def executor_input() -> dict:
    """As KFP's driver makes it: the type of an input is lost, and there is a log that nobody declared."""
    return {
        "inputs": {
            "artifacts": {
                "examples": {"artifacts": [{"name": "7", "uri": "minio://b/examples", "type": {"instanceSchema": ""}}]}
            },
            "parameterValues": {
                "custom_config": json.dumps({"training": {"epochs": 2, "seed": 1}, "encoder": {"handle": "ours"}}),
                "epochs": 5.0,
                "encoder": "theirs",
                "rate": 0.5,
            },
        },
        "outputs": {
            "artifacts": {
                "model": {"artifacts": [{"uri": "minio://b/model", "type": {"instanceSchema": "title: tfx.Model\n"}}]},
                "executor-logs": {"artifacts": [{"uri": "minio://b/log", "type": {"schemaTitle": "system.Artifact"}}]},
            },
            "parameters": {"data": {"outputFile": "/tmp/kfp/outputs/data"}},
            "outputFile": "/tmp/kfp_outputs/output_metadata.json",
        },
    }


def test_tfx_gets_local_paths_types_and_declared_outputs_only():
    given = for_tfx(executor_input(), {"artifacts": {"examples": {"artifactType": EXAMPLES}}})
    assert given["inputs"]["artifacts"]["examples"]["artifacts"] == [
        {"name": "7", "uri": "/minio/b/examples", "type": EXAMPLES}
    ]
    assert list(given["outputs"]["artifacts"]) == ["model"]
    assert given["outputs"]["artifacts"]["model"]["artifacts"][0]["uri"] == "/minio/b/model"


def test_a_step_without_artifacts_needs_none():
    given = {"inputs": {"parameterValues": {"text": "x"}}, "outputs": {"outputFile": "f"}}
    assert for_tfx(json.loads(json.dumps(given)), {}) == given


def test_tfx_really_understands_what_it_gets():
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2
    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_entrypoint_utils as utils
    from tfx.types import standard_artifacts

    def parse(value: dict):
        message = pipeline_spec_pb2.ExecutorInput()
        json_format.ParseDict(value, message)
        inputs = utils.parse_raw_artifact_dict(message.inputs.artifacts, {})
        return inputs, utils.parse_raw_artifact_dict(message.outputs.artifacts, {})

    with pytest.raises(AttributeError, match="NoneType"):  # as it comes from KFP, TFX cannot read it
        parse(executor_input())
    inputs, outputs = parse(for_tfx(executor_input(), {"artifacts": {"examples": {"artifactType": EXAMPLES}}}))
    assert isinstance(inputs["examples"][0], standard_artifacts.Examples)
    assert isinstance(outputs["model"][0], standard_artifacts.Model)


def test_the_launcher_gets_uris():
    given = {"artifacts": {"model": {"artifacts": [{"uri": "/minio/b/model", "metadata": {"a": 1.0}}]}}}
    assert from_tfx(given)["artifacts"]["model"]["artifacts"] == [{"uri": "minio://b/model", "metadata": {"a": 1.0}}]


def test_inputs_are_laid_over_the_json_of_a_parameter():
    overs = ["custom_config:training.epochs=epochs", "custom_config:encoder.handle=encoder"]
    values = lay_over(executor_input(), overs)["inputs"]["parameterValues"]
    laid = json.loads(values.pop("custom_config"))
    assert laid == {"training": {"epochs": 5, "seed": 1}, "encoder": {"handle": "theirs"}}
    assert isinstance(laid["training"]["epochs"], int)
    assert values == {"rate": 0.5}


def test_one_input_may_go_to_two_places():
    overs = ["custom_config:training.epochs=epochs", "custom_config:training.seed=epochs"]
    values = lay_over(executor_input(), overs)["inputs"]["parameterValues"]
    assert json.loads(values["custom_config"])["training"] == {"epochs": 5, "seed": 5}


@pytest.mark.parametrize(
    "over",
    [
        "custom_config:training.epoch=epochs",
        "custom_config:trainer.epochs=epochs",
        "x:y=epochs",
        "custom_config:encoder.handle=x",
    ],
)
def test_a_place_that_is_not_there_is_refused(over):
    with pytest.raises(KeyError):
        lay_over(executor_input(), [over])


def test_whole_numbers_are_whole():
    values = parameter_values(executor_input())
    assert values["epochs"] == 5
    assert isinstance(values["epochs"], int)
    assert values["rate"] == 0.5
    assert parameter_values({}) == {}


def test_where_things_lie():
    assert artifact_path(executor_input(), "examples") == "/minio/b/examples"
    assert output_file(executor_input(), "data") == "/tmp/kfp/outputs/data"
