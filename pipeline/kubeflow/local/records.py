"""What is known of runs, steps and artifacts, and which step's outputs may be used again.

ML Metadata in an SQLite file: it is what KFP keeps (v2/metadata/client.go, converter.go), it numbers artifacts as KFP
does, writes an execution with its artifacts in one transaction, and is there anyway, since TFX uses it. KFP keeps the
entries of its cache in another database; here an entry is an execution that is COMPLETE and has a fingerprint, so that
there is none before a step has come to its end.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ml_metadata as mlmd
from google.protobuf import struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2
from ml_metadata.proto import metadata_store_pb2

from pipeline.kubeflow.local.errors import AttemptError
from pipeline.kubeflow.rules.inputs import schema_title

State = metadata_store_pb2.Execution.State
_PIPELINE, _RUN = "system.Pipeline", "system.PipelineRun"
_CONTAINER, _DAG = "system.ContainerExecution", "system.DAGExecution"


@dataclasses.dataclass(frozen=True)
class Outputs:
    """What a step has brought forth: parameters' values, and artifacts as the driver hands them on, by name."""

    parameters: dict[str, Any]
    artifacts: dict[str, Any]


class Records:
    """The records of one run, in the file of all runs."""

    def __init__(self, path: Path, pipeline: str, run_id: str, pipeline_root: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        config = metadata_store_pb2.ConnectionConfig()
        config.sqlite.filename_uri = str(path)
        config.sqlite.connection_mode = metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
        self._store = mlmd.MetadataStore(config)
        self._pipeline = pipeline
        self._session = json.dumps({"Provider": pipeline_root.partition("://")[0], "Params": {"fromEnv": "true"}})
        root = {"pipeline_root": metadata_store_pb2.Value(string_value=pipeline_root)}
        self._contexts = [self._context(_PIPELINE, pipeline, {}), self._context(_RUN, run_id, root)]
        self._parent: int | None = None

    def start_run(self, parameters: Mapping[str, Any]) -> int:
        """Records the run with its parameters; returns the id of the execution that all steps are below."""
        execution = self._execution(_DAG, {"inputs": _struct_value(parameters)})
        self._parent = self._put(execution)
        return self._parent

    def start(self, task: str, inputs: Any, fingerprint: str | None) -> int:
        """Records that a task runs with its inputs (CreateExecution); returns the id of its execution."""
        properties = {"task_name": _text(task), "inputs": _struct_value(inputs.parameter_values)}
        if self._parent is not None:
            properties["parent_dag_id"] = metadata_store_pb2.Value(int_value=self._parent)
        if fingerprint is not None:
            properties["cache_fingerprint"] = _text(fingerprint)
        names = [(name, int(one.name)) for name, several in inputs.artifacts.items() for one in several.artifacts]
        known = self._known({number for _, number in names})
        read = [(known[number], _event(name, metadata_store_pb2.Event.INPUT, number)) for name, number in names]
        return self._put(self._execution(_CONTAINER, properties), read)

    def cached(self, fingerprint: str) -> int | None:
        """The newest execution of this pipeline that ended well with this fingerprint (cacheutils/cache.go)."""
        found = self._store.get_executions_by_context(self._contexts[0].id)
        fitting = [
            execution.id
            for execution in found
            if execution.last_known_state == State.Value("COMPLETE")
            and execution.custom_properties["cache_fingerprint"].string_value == fingerprint
        ]
        return max(fitting, default=None)

    def complete(self, execution_id: int, parameters: Mapping[str, Any], artifacts: Mapping[str, Any]) -> Outputs:
        """Records that a task has ended well, and what came of it (RecordArtifact, PublishExecution).

        Args:
            execution_id: of the task.
            parameters: values by name.
            artifacts: RuntimeArtifacts by name, as the launcher has them.

        Raises:
            AttemptError: an artifact's metadata or type cannot be recorded.
        """
        written = [(self._artifact(name, artifact), _event(name)) for name, artifact in sorted(artifacts.items())]
        self._publish(execution_id, State.COMPLETE, parameters, written)
        return self.outputs(execution_id)

    def reuse(self, execution_id: int, cached_id: int, names: set[str]) -> Outputs:
        """Records that a task has taken the outputs of an earlier execution (driver/cache.go, reuseCachedOutputs).

        Raises AttemptError where that execution lacks an output.
        """
        outputs = self.outputs(cached_id)
        missing = sorted(names - set(outputs.artifacts))
        if missing:
            raise AttemptError(f"unable to find artifact with name {missing[0]} in mlmd output artifacts")
        ids = {name: int(outputs.artifacts[name].name) for name in sorted(names)}
        known = self._known(set(ids.values()))
        written = [(known[number], _event(name, artifact_id=number)) for name, number in ids.items()]
        self._publish(execution_id, State.CACHED, outputs.parameters, written)
        return outputs

    def fail(self, execution_id: int) -> None:
        """Records that a task has failed."""
        self._publish(execution_id, State.FAILED, {}, [])

    def outputs(self, execution_id: int) -> Outputs:
        """What an execution has brought forth, as the driver hands it to other tasks: without the types' schemas
        (client.go, GetOutputArtifactsByExecutionId).
        """
        (execution,) = self._store.get_executions_by_id([execution_id])
        events = self._store.get_events_by_execution_ids([execution_id])
        names = {
            event.artifact_id: event.path.steps[0].key
            for event in events
            if event.type == metadata_store_pb2.Event.OUTPUT
        }
        artifacts = self._store.get_artifacts_by_id(list(names))
        return Outputs(
            dict(execution.custom_properties["outputs"].struct_value.fields),
            {names[artifact.id]: _runtime_artifact(artifact) for artifact in artifacts},
        )

    def _known(self, ids: set[int]) -> dict[int, Any]:
        return {artifact.id: artifact for artifact in self._store.get_artifacts_by_id(sorted(ids))}

    def _context(self, type_name: str, name: str, properties: Mapping[str, Any]) -> Any:
        type_id = self._store.put_context_type(metadata_store_pb2.ContextType(name=type_name))
        context = self._store.get_context_by_type_and_name(type_name, name)
        if context is None:
            context = metadata_store_pb2.Context(type_id=type_id, name=name, custom_properties=properties)
            (context.id,) = self._store.put_contexts([context])
        return context

    def _execution(self, type_name: str, properties: Mapping[str, Any]) -> Any:
        type_id = self._store.put_execution_type(metadata_store_pb2.ExecutionType(name=type_name))
        return metadata_store_pb2.Execution(
            type_id=type_id, last_known_state=State.RUNNING, custom_properties=properties
        )

    def _put(self, execution: Any, artifacts: list[tuple[Any, Any]] | None = None) -> int:
        return self._store.put_execution(execution, artifacts or [], self._contexts)[0]

    def _publish(
        self, execution_id: int, state: int, parameters: Mapping[str, Any], artifacts: list[tuple[Any, Any]]
    ) -> None:
        (execution,) = self._store.get_executions_by_id([execution_id])
        execution.last_known_state = state
        execution.custom_properties["outputs"].CopyFrom(_struct_value(parameters))
        self._put(execution, artifacts)

    def _artifact(self, name: str, artifact: Any) -> Any:
        """Client.go, RecordArtifact; converter.go, toMLMDArtifact."""
        title = schema_title(artifact.type)
        if not title:
            raise AttemptError(f"output {name}: No title specified in the schema of its type")
        type_id = self._store.put_artifact_type(metadata_store_pb2.ArtifactType(name=title), can_omit_fields=True)
        properties = {key: _property(name, key, value) for key, value in artifact.metadata.fields.items()}
        properties.setdefault("display_name", _text(name))
        properties.setdefault("store_session_info", _text(self._session))
        return metadata_store_pb2.Artifact(
            type_id=type_id,
            uri=artifact.uri,
            state=metadata_store_pb2.Artifact.LIVE,
            custom_properties=properties,
        )


def _property(name: str, key: str, value: Any) -> Any:
    """A metadata value as ML Metadata keeps it (converter.go, StructValueToMLMDValue)."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return _text(value.string_value)
    if kind == "number_value":
        return metadata_store_pb2.Value(double_value=value.number_value)
    if kind == "bool_value":
        return metadata_store_pb2.Value(int_value=int(value.bool_value))
    if kind in {"list_value", "struct_value"}:
        wrapped = struct_pb2.Struct(fields={kind.partition("_")[0]: value})
        return metadata_store_pb2.Value(struct_value=wrapped)
    raise AttemptError(
        f"unable to produce MLMD artifact for output {name}: unknown/unsupported value type (metadata {key} is null)"
    )


def _runtime_artifact(artifact: Any) -> Any:
    """An artifact as the driver hands it to a task (converter.go, toRuntimeArtifact; client.go, ToRuntimeArtifact)."""
    runtime = pipeline_spec_pb2.RuntimeArtifact(name=str(artifact.id), uri=artifact.uri)
    runtime.type.instance_schema = ""
    runtime.metadata.SetInParent()
    for properties in (artifact.properties, artifact.custom_properties):
        for key, value in properties.items():
            runtime.metadata.fields[key].CopyFrom(_metadata_value(value))
    return runtime


def _metadata_value(value: Any) -> struct_pb2.Value:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return struct_pb2.Value(string_value=value.string_value)
    if kind == "struct_value":
        return struct_pb2.Value(struct_value=value.struct_value)
    return struct_pb2.Value(number_value=getattr(value, kind))


def _struct_value(values: Mapping[str, Any]) -> Any:
    return metadata_store_pb2.Value(struct_value=struct_pb2.Struct(fields=dict(values)))


def _text(text: str) -> Any:
    return metadata_store_pb2.Value(string_value=text)


def _event(name: str, kind: int = metadata_store_pb2.Event.OUTPUT, artifact_id: int | None = None) -> Any:
    event = metadata_store_pb2.Event(type=kind, artifact_id=artifact_id)
    event.path.steps.add().key = name
    return event
