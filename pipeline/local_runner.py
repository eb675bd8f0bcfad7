"""LocalDagRunner, with every step's start and end told to whoever shows them."""

from __future__ import annotations

from typing import Any, Protocol

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import constants
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.portable.runtime_parameter_utils import substitute_runtime_parameter
from tfx.proto.orchestration import pipeline_pb2

from pipeline.run_store import read_step
from pipeline.steps import State, Step


class Observer(Protocol):
    """Who is told of a step's start and end."""

    def changed(self, step: Step) -> None:
        """The step has started, or has ended."""


class ObservedDagRunner(LocalDagRunner):
    """Runs a pipeline step by step in this process, under a given run id.

    LocalDagRunner runs all steps in one call and tells nobody. It passes over nodes that are marked `skip`, so each
    step is a call of its own in which every other node is skipped.
    """

    def __init__(
        self, run_id: str, steps: list[Step], store: metadata_store_pb2.ConnectionConfig, observer: Observer
    ) -> None:
        super().__init__()
        self._run_id, self._steps, self._store, self._observer = run_id, steps, store, observer

    def run_with_ir(self, pipeline: pipeline_pb2.Pipeline, run_options: Any = None) -> None:
        """Runs every node in topological order; the first failure ends the run with that node's own error."""
        substitute_runtime_parameter(pipeline, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: self._run_id})
        steps = {step.name: step for step in self._steps}
        for node in pipeline.nodes:
            self._run_step(pipeline, steps[node.pipeline_node.node_info.id])

    def _run_step(self, pipeline: pipeline_pb2.Pipeline, step: Step) -> None:
        step.start()
        self._observer.changed(step)
        try:
            super().run_with_ir(only(pipeline, step.name))
        except BaseException:
            step.end(State.FAILED)
            self._observer.changed(step)
            raise
        stored = read_step(self._store, pipeline.pipeline_info.id, self._run_id, step.name)
        step.end(stored.state, stored.outputs)
        self._observer.changed(step)


def only(pipeline: pipeline_pb2.Pipeline, node_id: str) -> pipeline_pb2.Pipeline:
    """A copy of the pipeline in which every node but one is marked to be skipped."""
    copy = pipeline_pb2.Pipeline()
    copy.CopyFrom(pipeline)
    for node in copy.nodes:
        if node.pipeline_node.node_info.id != node_id:
            node.pipeline_node.execution_options.skip.SetInParent()
    return copy
