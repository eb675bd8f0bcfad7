"""Compiles a pipeline of one step for Kubeflow, where no lifecycle hook or resolver exists."""

from __future__ import annotations

import json
from typing import Any

from tfx.dsl.components.base import base_component
from tfx.dsl.components.common import importer
from tfx.orchestration import pipeline
from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner
from tfx.types import channel


def imported(artifact_type: type, name: str) -> tuple[importer.Importer, channel.BaseChannel]:
    """A node that stands in for an upstream step, and its output."""
    node = importer.Importer(source_uri=f"/data/{name}", artifact_type=artifact_type).with_id(name)
    return node, node.outputs["result"]


def compile_step(step: base_component.BaseComponent, upstream: list[importer.Importer], folder: Any) -> dict[str, Any]:
    """The specification of the step's container, with its parameters as `inputs`."""
    graph = pipeline.Pipeline(pipeline_name="one-step", pipeline_root="/artifacts", components=[*upstream, step])
    config = kubeflow_v2_dag_runner.KubeflowV2DagRunnerConfig(default_image="image", use_pipeline_spec_2_1=True)
    file = folder / "pipeline.json"
    runner = kubeflow_v2_dag_runner.KubeflowV2DagRunner(config=config, output_filename=str(file))
    runner.run(graph, write_out=True)
    spec = json.loads(file.read_text())["pipelineSpec"]
    executors = [name for name in spec["deploymentSpec"]["executors"] if name.startswith(f"{step.id}_")]
    container = spec["deploymentSpec"]["executors"][executors[0]]["container"]
    assert "lifecycle" not in container
    return {**container, "inputs": spec["root"]["dag"]["tasks"][step.id].get("inputs", {}).get("parameters", {})}
