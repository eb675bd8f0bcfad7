from __future__ import annotations

import json

import pytest
from tfx.orchestration import pipeline
from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.types import standard_artifacts

from components.example_gen.artifact import Profile, Quarantine
from components.example_gen.component import TextExampleGen
from components.example_gen.fingerprint import data_digest

DATA = {"source": "files", "splits": {"train": 2, "eval": 1, "test": 1}}
LABELS = {"names": ["neg", "pos"]}
ENCODER = {"handle": "all-MiniLM-L6-v2", "vocab_file": None, "lower_case": None}


def test_sections_travel_as_json_whatever_the_order_of_their_keys():
    component = TextExampleGen({"b": 1, "a": [2]}, {"d": None, "c": "ä"}, {"handle": "h"}, "f", "c")
    assert component.exec_properties == {
        "data": json.dumps({"a": [2], "b": 1}),
        "labels": json.dumps({"c": "ä", "d": None}),
        "encoder": json.dumps({"handle": "h"}),
        "fingerprint": "f",
        "code": "c",
    }


def test_outputs():
    outputs = TextExampleGen(DATA, LABELS, ENCODER, "f", "c").outputs
    assert {key: channel.type for key, channel in outputs.items()} == {
        "examples": standard_artifacts.Examples,
        "quarantine": Quarantine,
        "profile": Profile,
    }


def test_it_has_no_driver_of_its_own():
    assert TextExampleGen.DRIVER_CLASS is super(TextExampleGen, TextExampleGen).DRIVER_CLASS


def test_compiles_for_kubeflow(tmp_path):
    runner = kubeflow_v2_dag_runner.KubeflowV2DagRunner(
        config=kubeflow_v2_dag_runner.KubeflowV2DagRunnerConfig(default_image="image", use_pipeline_spec_2_1=True),
        output_dir=str(tmp_path),
        output_filename="pipeline.json",
    )
    component = TextExampleGen(DATA, LABELS, ENCODER, "f", "c").with_id("example_gen")
    runner.run(pipeline.Pipeline("name", "gs://bucket/root", components=[component]))
    [executor] = json.loads((tmp_path / "pipeline.json").read_text())["pipelineSpec"]["deploymentSpec"][
        "executors"
    ].values()
    arguments = executor["container"]["args"]
    assert arguments[arguments.index("--executor_class_path") + 1] == "components.example_gen.executor.Executor"


@pytest.fixture
def run(tmp_path):
    """Runs a pipeline of this step alone over a CSV of so many rows, and counts the results that there are then."""
    source = tmp_path / "reviews.csv"

    def run_once(code, rows=80):
        lines = [f"review {number},{'pos' if number % 2 else 'neg'}\n" for number in range(rows)]
        source.write_text("text,label\n" + "".join(lines))
        data = DATA | {"path": str(source)}
        component = TextExampleGen(data, LABELS, ENCODER, data_digest(data), code)
        metadata = sqlite_metadata_connection_config(str(tmp_path / "metadata.db"))
        root = tmp_path / "root"
        LocalDagRunner().run(pipeline.Pipeline("p", str(root), metadata, components=[component], enable_cache=True))
        return len(list((root / "TextExampleGen" / "examples").iterdir()))

    return run_once


def test_runs_locally_and_again_only_if_data_or_code_changed(run):
    assert run("a") == 1
    assert run("a") == 1
    assert run("b") == 2
    assert run("b", rows=81) == 3
