from __future__ import annotations

import pytest
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.kubeflow.local.errors import AttemptError
from pipeline.kubeflow.local.records import Records
from pipeline.kubeflow.local.values import value_of

INPUTS = pipeline_spec_pb2.ExecutorInput.Inputs()


def records(folder, run: str = "run-1", pipeline: str = "p") -> Records:
    found = Records(folder / "records.sqlite", pipeline, run, f"minio://bucket/{pipeline}/{run}")
    found.start_run({"epochs": value_of(3)})
    return found


def artifact(title: str = "test.Thing", **metadata):
    document = {"uri": "minio://bucket/k", "type": {"schemaTitle": title}, "metadata": metadata}
    return json_format.ParseDict(document, pipeline_spec_pb2.RuntimeArtifact())


def test_an_entry_is_there_only_after_a_good_end(tmp_path):
    book = records(tmp_path)
    execution = book.start("Make", INPUTS, "key")
    assert book.cached("key") is None
    book.complete(execution, {}, {"thing": artifact()})
    assert book.cached("key") == execution
    failed = book.start("Make", INPUTS, "key")
    book.fail(failed)
    assert records(tmp_path, "run-2").cached("key") == execution
    assert book.cached("other") is None
    assert records(tmp_path, "run-3", "q").cached("key") is None


def test_outputs_come_back_as_the_driver_hands_them_on(tmp_path):
    book = records(tmp_path)
    made = {"thing": artifact(flag=True, count=2, deep={"a": [1]}, some=[None, "x"])}
    outputs = book.complete(book.start("Make", INPUTS, None), {"p": value_of([1, None])}, made)
    assert outputs.parameters == {"p": value_of([1, None])}
    thing = outputs.artifacts["thing"]
    assert (thing.name, thing.uri) == ("1", "minio://bucket/k")
    assert thing.type.WhichOneof("kind") == "instance_schema"
    assert thing.type.instance_schema == ""
    metadata = json_format.MessageToDict(thing.metadata)
    session = metadata.pop("store_session_info")
    assert '"Provider": "minio"' in session
    assert metadata == {
        "flag": 1, "count": 2, "deep": {"struct": {"a": [1]}}, "some": {"list": [None, "x"]}, "display_name": "thing",
    }  # fmt: skip


def test_reused_outputs_are_the_same_artifacts(tmp_path):
    book = records(tmp_path)
    first = book.start("Make", INPUTS, "key")
    made = book.complete(
        first, {"p": value_of("x")}, {"thing": artifact(), "executor-logs": artifact("system.Artifact")}
    )
    later = records(tmp_path, "run-2")
    execution = later.start("Make", INPUTS, "key")
    assert later.reuse(execution, first, {"thing", "executor-logs"}) == made
    assert later.outputs(execution) == made
    assert later.cached("key") == first  # what was taken from the cache is no entry of its own
    with pytest.raises(AttemptError, match="unable to find artifact with name other in mlmd output artifacts"):
        later.reuse(execution, first, {"other"})


def test_inputs_are_recorded(tmp_path):
    book = records(tmp_path)
    made = book.complete(book.start("Make", INPUTS, None), {}, {"thing": artifact()})
    inputs = pipeline_spec_pb2.ExecutorInput.Inputs()
    inputs.artifacts["thing"].artifacts.append(made.artifacts["thing"])
    inputs.parameter_values["p"].CopyFrom(value_of("x"))
    assert book.start("Use", inputs, None) > 0


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [(artifact(gone=None), "unknown/unsupported value type"), (artifact(""), "No title specified")],
)
def test_what_cannot_be_recorded(tmp_path, wrong, problem):
    book = records(tmp_path)
    execution = book.start("Make", INPUTS, "key")
    with pytest.raises(AttemptError, match=problem):
        book.complete(execution, {}, {"thing": wrong})
    assert book.cached("key") is None
