"""The step in its place: what a failed one leaves behind, and what must not start after it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tfx.dsl.components.common import importer
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.local import local_dag_runner
from tfx.types import standard_artifacts

from components.data_gate.artifact import DataBlessing
from components.data_gate.component import DataGate
from components.errors import DataGateError
from components.example_gen.artifact import Profile
from components.served_model.component import ServedModel
from tests.components.data_gate.inputs import SCHEMA, write_inputs
from tests.components.data_gate.profiles import table
from tests.components.evaluator.compiling import compile_step, imported

TYPES = {
    "anomalies": standard_artifacts.ExampleAnomalies,
    "statistics": standard_artifacts.ExampleStatistics,
    "schema": standard_artifacts.Schema,
    "profile": Profile,
}


def test_it_compiles_for_kubeflow(tmp_path):
    nodes = {name: imported(artifact_type, name) for name, artifact_type in TYPES.items()}
    step = DataGate(**{name: channel for name, (_, channel) in nodes.items()}, code="abc")
    assert step.outputs["blessing"].type is DataBlessing
    container = compile_step(step, [node for node, _ in nodes.values()], tmp_path)
    assert "components.data_gate.executor.Executor" in container["args"]
    assert container["inputs"]["code"]["runtimeValue"]["constant"] == "abc"


def _run(folder, **parts):
    """A local run of the gate and a step after it, on one split and these parts of a profile."""
    write_inputs(folder, SCHEMA, {"train": table()}, parts)
    splits: dict[str, str | int] = {"split_names": '["train"]'}
    nodes = {
        name: importer.Importer(
            str(folder / name), kind, properties=splits if name in ("anomalies", "statistics") else None
        ).with_id(name)
        for name, kind in TYPES.items()
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
    _run(tmp_path, newest=table(), previous=table(seed=1))
    [written] = (tmp_path / "root" / "DataGate" / "blessing").glob("*/anomalies.json")
    content = json.loads(written.read_text())
    assert (content["examples"], content["anomalies"]) == ({"train": 2000}, [])
    assert (tmp_path / "root" / "ServedModel").is_dir()


def test_an_anomaly_stops_the_run_and_the_files_it_names_outlive_the_step(tmp_path):
    with pytest.raises(DataGateError, match=r"insincere 6\.4 % in span 6, 12\.9 % in span 7") as raised:
        _run(tmp_path, newest=table(rate=0.129), previous=table(seed=1))
    kept = Path(str(raised.value).rsplit(": ", 1)[1])
    assert kept.name == "report.md"
    assert "12.9 %" in kept.read_text()
    assert json.loads(kept.with_name("anomalies.json").read_text())["anomalies"][0]["feature"] == "label"
    assert not (tmp_path / "root" / "ServedModel").exists()
