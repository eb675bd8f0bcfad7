"""The step in its place: what a failed one leaves behind, and what must not start after it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import statistics_pb2
from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies  # pyright: ignore[reportAttributeAccessIssue]
from tfx.dsl.components.common import importer
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.local import local_dag_runner
from tfx.types import standard_artifacts

from components.data_gate.artifact import DataBlessing
from components.data_gate.component import DataGate
from components.errors import DataGateError
from components.served_model.component import ServedModel
from tests.components.evaluator.compiling import compile_step, imported


def test_it_compiles_for_kubeflow(tmp_path):
    anomalies_node, anomalies = imported(standard_artifacts.ExampleAnomalies, "anomalies")
    statistics_node, statistics = imported(standard_artifacts.ExampleStatistics, "statistics")
    step = DataGate(anomalies=anomalies, statistics=statistics, code="abc")
    assert step.outputs["blessing"].type is DataBlessing
    container = compile_step(step, [anomalies_node, statistics_node], tmp_path)
    assert "components.data_gate.executor.Executor" in container["args"]
    assert container["inputs"]["code"]["runtimeValue"]["constant"] == "abc"


def _write(path, message):
    path.parent.mkdir(parents=True)
    path.write_bytes(message.SerializeToString())


def _run(folder, anomalies):
    """A local run of gate and a step after it, on one split with these anomalies."""
    _write(folder / "anomalies" / "Split-train" / "SchemaDiff.pb", text_format.Parse(anomalies, Anomalies()))
    statistics = statistics_pb2.DatasetFeatureStatisticsList()  # pyright: ignore[reportAttributeAccessIssue]
    statistics.datasets.add(num_examples=8)
    _write(folder / "statistics" / "Split-train" / "FeatureStats.pb", statistics)
    nodes = {
        name: importer.Importer(str(folder / name), artifact_type, properties={"split_names": '["train"]'}).with_id(
            name
        )
        for name, artifact_type in {
            "anomalies": standard_artifacts.ExampleAnomalies,
            "statistics": standard_artifacts.ExampleStatistics,
        }.items()
    }
    gate = DataGate(**{name: node.outputs["result"] for name, node in nodes.items()}, code="abc")
    after = ServedModel(push_folder=str(folder / "nothing"), state="none", code="abc")
    after.add_upstream_node(gate)
    local_dag_runner.LocalDagRunner().run(
        pipeline.Pipeline(
            pipeline_name="gated",
            pipeline_root=str(folder / "root"),
            components=[*nodes.values(), gate, after],
            metadata_connection_config=metadata.sqlite_metadata_connection_config(str(folder / "metadata.db")),
        )
    )


def test_a_blessing_lets_the_next_step_run(tmp_path):
    _run(tmp_path, "")
    [written] = (tmp_path / "root" / "DataGate" / "blessing").glob("*/anomalies.json")
    assert json.loads(written.read_text()) == {"examples": {"train": 8}, "anomalies": []}
    assert (tmp_path / "root" / "ServedModel").is_dir()


def test_an_anomaly_stops_the_run_and_the_file_it_names_outlives_the_step(tmp_path):
    anomalies = 'anomaly_info { key: "label" value { short_description: "Odd" description: "Mend it." } }'
    with pytest.raises(DataGateError, match=r"split train, feature label: odd: Mend it\.") as raised:
        _run(tmp_path, anomalies)
    kept = Path(str(raised.value).rsplit(": ", 1)[1])
    assert json.loads(kept.read_text())["anomalies"][0]["feature"] == "label"
    assert not (tmp_path / "root" / "ServedModel").exists()
