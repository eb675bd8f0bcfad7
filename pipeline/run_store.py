"""Reads what ML Metadata knows of a run."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata

from pipeline.steps import State


@dataclasses.dataclass(frozen=True)
class StoredStep:
    """How a step of a run ended, and the URIs of its output artifacts by output key."""

    state: State
    outputs: dict[str, str]


def connection(path: Path) -> metadata_store_pb2.ConnectionConfig:
    """The connection to a run's SQLite metadata, which is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return metadata.sqlite_metadata_connection_config(str(path))


def read_step(config: metadata_store_pb2.ConnectionConfig, pipeline: str, run_id: str, node_id: str) -> StoredStep:
    """What the store knows of a node in a run that has executed it. Raises LookupError where it has not."""
    with metadata.Metadata(config) as handle:
        store = handle.store
        run = store.get_context_by_type_and_name("pipeline_run", run_id)
        executions = store.get_executions_by_context(run.id) if run else []
        of_node = [e for e in executions if _is_of(store, e.id, f"{pipeline}.{node_id}")]
        if not of_node:
            raise LookupError(f"{node_id} has no execution in the run {run_id}")
        execution = max(of_node, key=lambda candidate: candidate.id)
        cached = execution.last_known_state == metadata_store_pb2.Execution.CACHED
        return StoredStep(State.CACHED if cached else State.DONE, _outputs(store, execution.id))


def _is_of(store: mlmd.MetadataStore, execution_id: int, node: str) -> bool:
    return any(context.name == node for context in store.get_contexts_by_execution(execution_id))


def _outputs(store: mlmd.MetadataStore, execution_id: int) -> dict[str, str]:
    outputs = [
        event
        for event in store.get_events_by_execution_ids([execution_id])
        if event.type == metadata_store_pb2.Event.OUTPUT
    ]
    artifacts = store.get_artifacts_by_id([event.artifact_id for event in outputs])
    uris = {artifact.id: artifact.uri for artifact in artifacts}
    return {event.path.steps[0].key: uris[event.artifact_id] for event in outputs}
