"""Reads what ML Metadata knows of runs. Imports neither TFX nor TensorFlow, for which a listing need not wait."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2

from pipeline.steps import State

# TFX's (tfx.orchestration.portable.mlmd, outputs_utils).
_RUN, _NODE = "pipeline_run", "node"
_RESULT = "__execution_result__"
_WORKING_FOLDER = "__stateful_working_dir_index__"

_States = metadata_store_pb2.Execution
_ENDED = {_States.COMPLETE: State.DONE, _States.CACHED: State.CACHED, _States.FAILED: State.FAILED}


@dataclasses.dataclass(frozen=True)
class StoredStep:
    """How a step of a run ended, and the URIs of its output artifacts by output key."""

    state: State
    outputs: dict[str, str]


@dataclasses.dataclass(frozen=True)
class StoredExecution:
    """One execution of a step.

    Attributes:
        number: of the execution, which is also the name of its outputs' folders.
        step: name of the step.
        state: CANCELLED where it never ended; whether it still runs, the store cannot tell.
        began: when it was registered, seconds since 1970.
        seconds: how long it took, None where it never ended: nothing is written of it then after its beginning.
        parameters: what it was given, by name.
        outputs: numbers of its output artifacts by output key.
        inputs: numbers of its input artifacts.
        error: what the launcher kept of a failure, if anything.
        working_folder: name of the folder that is kept from one attempt to the next.
    """

    number: int
    step: str
    state: State
    began: float
    seconds: float | None
    parameters: dict[str, Any]
    outputs: dict[str, int]
    inputs: frozenset[int]
    error: str | None
    working_folder: str | None


@dataclasses.dataclass(frozen=True)
class StoredRun:
    """A run: `began` in seconds since 1970, its executions in their order, and what others noted on it by name."""

    run_id: str
    began: float
    notes: dict[str, str]
    executions: list[StoredExecution]

    def execution(self, step: str) -> StoredExecution | None:
        """The last execution of a step, None where there is none."""
        return next((one for one in reversed(self.executions) if one.step == step), None)


@dataclasses.dataclass(frozen=True)
class StoredArtifact:
    """An artifact: where it lies, whether it is live (TFX's cache answers with no other), and its custom properties."""

    uri: str
    live: bool
    properties: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Stored:
    """Everything in a store: the runs, oldest first, and the artifacts by number."""

    runs: list[StoredRun]
    artifacts: dict[int, StoredArtifact]


def connection(path: Path) -> metadata_store_pb2.ConnectionConfig:
    """The connection to a run's SQLite metadata, which is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return _connection(path, metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE_OPENCREATE)


def existing(path: Path) -> metadata_store_pb2.ConnectionConfig:
    """The connection to SQLite metadata that is there. It can be written: what a killed run was writing is undone by
    whoever opens it next.
    """
    return _connection(path, metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE)


def read_step(config: metadata_store_pb2.ConnectionConfig, pipeline: str, run_id: str, node_id: str) -> StoredStep:
    """What the store knows of a node in a run that has executed it. Raises LookupError where it has not."""
    store = mlmd.MetadataStore(config)
    run = store.get_context_by_type_and_name(_RUN, run_id)
    executions = store.get_executions_by_context(run.id) if run else []
    of_node = [e for e in executions if _is_of(store, e.id, f"{pipeline}.{node_id}")]
    if not of_node:
        raise LookupError(f"{node_id} has no execution in the run {run_id}")
    execution = max(of_node, key=lambda candidate: candidate.id)
    cached = execution.last_known_state == metadata_store_pb2.Execution.CACHED
    return StoredStep(State.CACHED if cached else State.DONE, _outputs(store, execution.id))


def read_all(config: metadata_store_pb2.ConnectionConfig) -> Stored:
    """Everything in the store. Raises RuntimeError, or an error of ML Metadata's, where it cannot be read."""
    store = mlmd.MetadataStore(config)
    steps = _steps(store)
    runs = [(context, store.get_executions_by_context(context.id)) for context in store.get_contexts_by_type(_RUN)]
    numbers = [execution.id for _, executions in runs for execution in executions]
    events = _by_execution(store.get_events_by_execution_ids(numbers) if numbers else [])
    read = [
        StoredRun(
            context.name,
            context.create_time_since_epoch / 1000,
            {name: value.string_value for name, value in context.custom_properties.items()},
            [
                _execution(execution, steps.get(execution.id) or str(execution.type), events.get(execution.id, []))
                for execution in sorted(executions, key=lambda one: one.id)
            ],
        )
        for context, executions in runs
    ]
    artifacts = {artifact.id: _artifact(artifact) for artifact in store.get_artifacts()}
    return Stored(sorted(read, key=lambda run: (run.began, run.run_id)), artifacts)


def mark_deleted(config: metadata_store_pb2.ConnectionConfig, artifacts: Iterable[int]) -> None:
    """Marks artifacts as deleted, all or none: TFX's cache then never answers with them (cache_utils asks that every
    output of an execution is LIVE), nor are they any step's input.
    """
    store = mlmd.MetadataStore(config)
    found = store.get_artifacts_by_id(sorted(artifacts))
    for artifact in found:
        artifact.state = metadata_store_pb2.Artifact.DELETED
    if found:
        store.put_artifacts(found)


def note(config: metadata_store_pb2.ConnectionConfig, name: str, notes: dict[str, str]) -> None:
    """Notes something under a name on runs, by their ids. Raises LookupError where a run is not in the store."""
    store = mlmd.MetadataStore(config)
    contexts = {context.name: context for context in store.get_contexts_by_type(_RUN)}
    for run_id, text in notes.items():
        contexts[run_id].custom_properties[name].string_value = text
    if notes:
        store.put_contexts([contexts[run_id] for run_id in notes])


def _connection(path: Path, mode: int) -> metadata_store_pb2.ConnectionConfig:
    config = metadata_store_pb2.ConnectionConfig()
    config.sqlite.filename_uri = str(path)
    config.sqlite.connection_mode = mode
    return config


def _is_of(store: mlmd.MetadataStore, execution_id: int, node: str) -> bool:
    return any(context.name == node for context in store.get_contexts_by_execution(execution_id))


def _outputs(store: mlmd.MetadataStore, execution_id: int) -> dict[str, str]:
    outputs = [event for event in store.get_events_by_execution_ids([execution_id]) if _is_output(event)]
    artifacts = store.get_artifacts_by_id([event.artifact_id for event in outputs])
    uris = {artifact.id: artifact.uri for artifact in artifacts}
    return {event.path.steps[0].key: uris[event.artifact_id] for event in outputs}


def _is_output(event: Any) -> bool:
    return event.type == metadata_store_pb2.Event.OUTPUT and bool(event.path.steps)


def _steps(store: mlmd.MetadataStore) -> dict[int, str]:
    """The step that each execution is of. TFX's nodes are called PIPELINE.STEP."""
    nodes = store.get_contexts_by_type(_NODE)
    return {
        execution.id: node.name.partition(".")[2] or node.name
        for node in nodes
        for execution in store.get_executions_by_context(node.id)
    }


def _by_execution(events: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for event in events:
        found.setdefault(event.execution_id, []).append(event)
    return found


def _execution(execution: Any, step: str, events: list[Any]) -> StoredExecution:
    properties = {name: _value(value) for name, value in execution.custom_properties.items()}
    began, ended = execution.create_time_since_epoch / 1000, execution.last_update_time_since_epoch / 1000
    return StoredExecution(
        number=execution.id,
        step=step,
        state=_ENDED.get(execution.last_known_state, State.CANCELLED),
        began=began,
        seconds=max(0.0, ended - began) if execution.last_known_state in _ENDED else None,
        parameters={name: value for name, value in properties.items() if not name.startswith("__")},
        outputs={event.path.steps[0].key: event.artifact_id for event in events if _is_output(event)},
        inputs=frozenset(event.artifact_id for event in events if event.type == metadata_store_pb2.Event.INPUT),
        error=_error(properties.get(_RESULT)),
        working_folder=properties.get(_WORKING_FOLDER),
    )


def _artifact(artifact: Any) -> StoredArtifact:
    properties = {name: _value(value) for name, value in artifact.custom_properties.items()}
    return StoredArtifact(artifact.uri, artifact.state == metadata_store_pb2.Artifact.LIVE, properties)


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return None if kind is None else getattr(value, kind)


def _error(result: Any) -> str | None:
    """The last line of the message in an ExecutionResult, which is a traceback."""
    try:
        message = json.loads(result)["resultMessage"]
    except (ValueError, TypeError, KeyError):
        return None
    return next((line.strip() for line in reversed(str(message).splitlines()) if line.strip()), None)
