from __future__ import annotations

from pathlib import Path

import pytest
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.kubeflow.local.driver import Run, fingerprint, provide_outputs, resolve_inputs, run_root
from pipeline.kubeflow.local.errors import AttemptError
from pipeline.kubeflow.local.records import Outputs
from pipeline.kubeflow.local.values import value_of
from tests.pipeline.kubeflow.local import specs
from tests.pipeline.kubeflow.local.specs import constant, output_artifact, output_parameter, task

RUN = Run("small", "run-1", "small today", "minio://bucket/small/run-1", 7)


def resolve(one: dict, parameters: dict | None = None, finished: dict | None = None):
    """The inputs of a task, and what it and its component are."""
    compiled = specs.compiled(one)
    spec, component = compiled.spec.root.dag.tasks[one["name"]], compiled.spec.components[one["name"]]
    return resolve_inputs(spec, component, parameters or {}, finished or {}, RUN)


def take(kind: str, given: dict) -> dict:
    return task("Take", inputs={"parameters": {"x": given}}, parameters={"x": kind})


@pytest.mark.parametrize(
    ("root", "result"),
    [
        ("minio://mlpipeline/v2/artifacts", "minio://mlpipeline/v2/artifacts/p/r"),
        ("gs://bucket/", "gs://bucket/p/r"),
        ("s3://bucket/a?region=eu", "s3://bucket/a/p/r"),
    ],
)
def test_where_a_run_puts_its_artifacts(root, result):
    assert run_root(root, "p", "r") == result


@pytest.mark.parametrize(
    ("placeholder", "text"),
    [
        ("pipeline_job_name", "small today"), ("pipeline_job_resource_name", "small-run-1"),
        ("pipeline_job_uuid", "run-1"), ("pipeline_task_name", "Take"), ("pipeline_task_uuid", "7"),
    ],
)  # fmt: skip
def test_what_the_driver_replaces(placeholder, text):
    inputs = resolve(take("STRING", constant(f"{{{{$.{placeholder}}}}}")))
    assert inputs.parameter_values["x"] == value_of(text)


@pytest.mark.parametrize(
    ("kind", "value", "result"),
    [
        ("STRING", 3, "3"), ("STRING", True, "true"), ("STRING", [1], "[1]"), ("NUMBER_INTEGER", 3, 3),
        ("NUMBER_DOUBLE", 2.5, 2.5), ("BOOLEAN", False, False), ("STRUCT", {"a": 1}, {"a": 1}),
    ],
)  # fmt: skip
def test_values_are_of_the_declared_type(kind, value, result):
    inputs = resolve(take(kind, {"componentInputParameter": "x"}), {"x": value_of(value)})
    assert inputs.parameter_values["x"] == value_of(result)


@pytest.mark.parametrize(
    ("kind", "value", "got"), [("NUMBER_INTEGER", "3", "string"), ("BOOLEAN", 1, "number"), ("LIST", {}, "struct")]
)
def test_values_of_another_type(kind, value, got):
    outputs = {"Make": Outputs({"x": value_of(value)}, {})}
    with pytest.raises(AttemptError, match=f'"x" type mismatch: expect {kind}, got {got}'):
        resolve(take(kind, output_parameter("Make", "x")), finished=outputs)


def test_what_is_missing():
    nothing = {"Make": Outputs({}, {})}
    with pytest.raises(AttemptError, match="Make gave no output parameter x"):
        resolve(take("STRING", output_parameter("Make", "x")), finished=nothing)
    one = task("Take", inputs={"artifacts": {"x": output_artifact("Make", "x")}}, artifacts=["x"])
    with pytest.raises(AttemptError, match='cannot find output artifact key "x"'):
        resolve(one, finished=nothing)
    with pytest.raises(AttemptError, match='neither value nor default value provided for non-optional parameter "x"'):
        resolve(task("Take", parameters={"x": "STRING"}))


def test_a_null_is_left_out_where_the_input_is_optional_and_refused_elsewhere():
    one = take("STRING", {"componentInputParameter": "x"})
    with pytest.raises(AttemptError, match="the resolved input parameter is null: x"):
        resolve(one, {"x": value_of(None)})
    one["component"]["inputDefinitions"]["parameters"]["x"]["isOptional"] = True
    assert not resolve(one, {"x": value_of(None)}).parameter_values


def given(one: dict, salt: str = "salt", artifact: str = "1"):
    """The executor input of a task, its component and its container."""
    compiled = specs.compiled(one)
    component = compiled.spec.components[one["name"]]
    inputs = pipeline_spec_pb2.ExecutorInput.Inputs()
    inputs.artifacts["a"].artifacts.add(name=artifact, uri=f"minio://bucket/{salt}")
    outputs = provide_outputs(RUN, one["name"], component, Path("/scratch"), salt)
    container = compiled.deployment.executors[f"{one['name']}_executor"].container
    return pipeline_spec_pb2.ExecutorInput(inputs=inputs, outputs=outputs), component, container


def test_the_places_of_outputs():
    outputs = given(task("Make", made=["thing"], outputs={"p": "STRING"}))[0].outputs
    assert {name: several.artifacts[0].uri for name, several in outputs.artifacts.items()} == {
        "thing": "minio://bucket/small/run-1/Make/salt/thing",
        "executor-logs": "minio://bucket/small/run-1/Make/salt/executor-logs",
    }
    assert outputs.parameters["p"].output_file == "/scratch/kfp/outputs/p"
    assert outputs.output_file == "/scratch/kfp_outputs/output_metadata.json"


def test_the_key_goes_by_what_comes_in_and_what_is_done_not_by_where_things_lie():
    one = task("Make", made=["thing"], outputs={"p": "STRING"})
    key = fingerprint(*given(one), ["claim"])
    assert fingerprint(*given(one, salt="other"), ["claim", "claim"]) == key
    others = [
        fingerprint(*given(one, artifact="2"), ["claim"]),
        fingerprint(*given(one), []),
        fingerprint(*given(task("Make", "other", made=["thing"], outputs={"p": "STRING"})), ["claim"]),
        fingerprint(*given(task("Make", made=["thing"], outputs={"p": "LIST"})), ["claim"]),
        fingerprint(*given(task("Make", outputs={"p": "STRING"})), ["claim"]),
    ]
    assert len({key, *others}) == len(others) + 1
