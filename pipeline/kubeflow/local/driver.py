"""What a task is given: its inputs resolved, its outputs provided for, and the key under which the cache knows it.

Sources: v2/driver/resolve.go, driver.go (provisionOutputs), cache.go; v2/cacheutils/cache.go; v2/metadata/client.go.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from google.protobuf import struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2

from components.fingerprint import json_digest
from pipeline.kubeflow.container.executor_input import LOGS
from pipeline.kubeflow.document import to_json
from pipeline.kubeflow.local.errors import AttemptError
from pipeline.kubeflow.local.records import Outputs
from pipeline.kubeflow.local.values import to_text
from pipeline.kubeflow.rules.texts import hazard
from pipeline.kubeflow.rules.types import STRING, is_of_type, type_name

_LOGS_TYPE = "system.Artifact"


@dataclasses.dataclass(frozen=True)
class Run:
    """A run of a pipeline.

    Attributes:
        pipeline: the pipeline's name.
        run_id: tells it from all others.
        display_name: its name for people.
        root: URI below which everything that the run brings forth lies.
        execution: the number of its own execution, which all tasks are below.
    """

    pipeline: str
    run_id: str
    display_name: str
    root: str
    execution: int


def run_root(pipeline_root: str, pipeline: str, run_id: str) -> str:
    """Where the artifacts of a run go (client.go, GenerateOutputURI): a query is for the bucket, not for the key."""
    return f"{pipeline_root.partition('?')[0].rstrip('/')}/{pipeline}/{run_id}"


def resolve_inputs(
    task: Any, component: Any, parameters: Mapping[str, Any], finished: Mapping[str, Outputs], run: Run
) -> Any:
    """The inputs of a task of the root (resolve.go, resolveInputs).

    Args:
        task: its PipelineTaskSpec.
        component: the ComponentSpec that it refers to.
        parameters: the run's own, by name.
        finished: what the tasks before it have brought forth, by task.
        run: the run.

    Returns:
        An ExecutorInput.Inputs, without the defaults of optional parameters: those are the launcher's.

    Raises:
        AttemptError: an input is missing, of another type, or would not arrive as it is.
    """
    inputs = pipeline_spec_pb2.ExecutorInput.Inputs()
    for name, spec in sorted(task.inputs.parameters.items()):
        value = _parameter(name, spec, task, parameters, finished, run)
        if value.WhichOneof("kind") != "null_value":
            inputs.parameter_values[name].CopyFrom(value)
        elif not component.input_definitions.parameters[name].is_optional:
            raise AttemptError(f"the resolved input parameter is null: {name}")
    for name, spec in sorted(task.inputs.artifacts.items()):
        output = spec.task_output_artifact
        artifact = finished[output.producer_task].artifacts.get(output.output_artifact_key)
        if artifact is None:
            raise AttemptError(f'cannot find output artifact key "{output.output_artifact_key}" of the input {name}')
        inputs.artifacts[name].artifacts.append(artifact)
    _convert(inputs, component)
    _check_texts(inputs)
    return inputs


def provide_outputs(run: Run, task: str, component: Any, scratch: Path, salt: str) -> Any:
    """The places of a task's outputs (driver.go, provisionOutputs), the log's, which no component declares, among them.

    Args:
        run: the run.
        task: the name of the task.
        component: its ComponentSpec.
        scratch: the folder that stands for the container's /tmp.
        salt: tells this execution's artifacts from all others'.

    Returns:
        An ExecutorInput.Outputs.
    """
    outputs = pipeline_spec_pb2.ExecutorInput.Outputs()
    outputs.output_file = str(scratch / "kfp_outputs" / "output_metadata.json")
    declared = component.output_definitions
    for name, spec in sorted(declared.artifacts.items()):
        artifact = outputs.artifacts[name].artifacts.add(uri=f"{run.root}/{task}/{salt}/{name}")
        artifact.type.CopyFrom(spec.artifact_type)
        if spec.HasField("metadata"):
            artifact.metadata.CopyFrom(spec.metadata)
    log = outputs.artifacts[LOGS].artifacts.add(uri=f"{run.root}/{task}/{salt}/{LOGS}")
    log.type.schema_title = _LOGS_TYPE
    for name in sorted(declared.parameters):
        outputs.parameters[name].output_file = str(scratch / "kfp" / "outputs" / name)
    return outputs


def fingerprint(executor_input: Any, component: Any, container: Any, claims: Iterable[str]) -> str:
    """SHA-256 of all that the backend's cache goes by (cacheutils/cache.go, GenerateCacheKey, GenerateFingerPrint):
    which artifacts come in, not what they hold; the command before placeholders are replaced; no URI of an output.
    """
    inputs, outputs = executor_input.inputs, executor_input.outputs
    types = component.output_definitions.parameters
    return json_digest(
        {
            "inputArtifactNames": {
                name: [artifact.name for artifact in artifacts.artifacts]
                for name, artifacts in inputs.artifacts.items()
            },
            "inputParameterValues": {name: to_json(value) for name, value in inputs.parameter_values.items()},
            "outputArtifactsSpec": {name: _without_uri(one.artifacts[0]) for name, one in outputs.artifacts.items()},
            "outputParametersSpec": {name: type_name(types[name].parameter_type) for name in outputs.parameters},
            "containerSpec": {
                "image": container.image,
                "cmdArgs": [*container.command, *container.args],
                "pvcNames": sorted(set(claims)),
                "env": [[variable.name, variable.value] for variable in container.env],
            },
        }
    )


def _without_uri(artifact: Any) -> dict[str, Any]:
    return {key: value for key, value in to_json(artifact).items() if key != "uri"}


def _parameter(
    name: str, spec: Any, task: Any, parameters: Mapping[str, Any], finished: Mapping[str, Outputs], run: Run
) -> struct_pb2.Value:
    """A parameter's value (resolve.go, resolveInputParameter)."""
    kind = spec.WhichOneof("kind")
    if kind == "component_input_parameter":
        return parameters[spec.component_input_parameter]
    if kind == "runtime_value":
        return _constant(spec.runtime_value.constant, task, run)
    output = spec.task_output_parameter
    value = finished[output.producer_task].parameters.get(output.output_parameter_key)
    if value is None:
        raise AttemptError(
            f"input parameter {name}: {output.producer_task} gave no output parameter {output.output_parameter_key}"
        )
    return value


def _constant(value: Any, task: Any, run: Run) -> struct_pb2.Value:
    replaced = {
        "{{$.pipeline_job_name}}": run.display_name,
        "{{$.pipeline_job_resource_name}}": f"{run.pipeline}-{run.run_id}",
        "{{$.pipeline_job_uuid}}": run.run_id,
        "{{$.pipeline_task_name}}": task.task_info.name,
        "{{$.pipeline_task_uuid}}": str(run.execution),
    }
    text = replaced.get(value.string_value)
    return value if text is None else struct_pb2.Value(string_value=text)


def _convert(inputs: Any, component: Any) -> None:
    """Every declared parameter as its type (resolve.go, handleParamTypeValidationAndConversion)."""
    for name, spec in sorted(component.input_definitions.parameters.items()):
        if name not in inputs.parameter_values:
            if spec.is_optional:
                continue
            raise AttemptError(f'neither value nor default value provided for non-optional parameter "{name}"')
        value = inputs.parameter_values[name]
        if spec.parameter_type == STRING:
            value.string_value = to_text(value)
        elif not is_of_type(value, spec.parameter_type):
            kind = (value.WhichOneof("kind") or "nothing").partition("_")[0]
            raise AttemptError(
                f'input parameter "{name}" type mismatch: expect {type_name(spec.parameter_type)}, got {kind}'
            )


def _check_texts(inputs: Any) -> None:
    """Refuses what Kubernetes or the launcher would replace on the way: the inputs are an argument of the container."""
    for text in _strings(to_json(inputs)):
        problem = hazard(text)
        if problem:
            raise AttemptError(f"its input {text[:80]!r} would not arrive as it is: {problem}")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(inner)
