"""The ExecutorInput that KFP's launcher hands to a step, made into what TFX's entry point understands, and back.

Open-source KFP differs from Vertex AI, which TFX is written for, in three ways: artifacts lie where `mounts` says; an
input artifact comes without its type, which the driver does not keep (metadata/client.go,
GetOutputArtifactsByExecutionId); and there is an output that nobody declared, for the pod's log (driver/driver.go,
provisionOutputs).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline.kubeflow.container.mounts import local_path, remote_uri

LOGS = "executor-logs"
# How the inputs are called that are for the run's report alone, in case that the step ends the run.
BESIDE = "report_"


def for_tfx(executor_input: dict[str, Any], inputs_spec: Mapping[str, Any]) -> dict[str, Any]:
    """The same with local paths, the types of the inputs from their specification, without what TFX did not declare.

    Args:
        executor_input: an ExecutorInput as JSON. It is changed in place, and returned.
        inputs_spec: the component's ComponentInputsSpec as JSON.
    """
    inputs, outputs = executor_input.get("inputs", {}), executor_input.get("outputs", {})
    outputs.get("artifacts", {}).pop(LOGS, None)
    for name in [name for name in inputs.get("artifacts", {}) if name.startswith(BESIDE)]:
        del inputs["artifacts"][name]
    for name, artifact in _artifacts(inputs):
        artifact["type"] = inputs_spec["artifacts"][name]["artifactType"]
        artifact["uri"] = local_path(artifact["uri"])
    for _, artifact in _artifacts(outputs):
        artifact["uri"] = local_path(artifact["uri"])
    return executor_input


def from_tfx(executor_output: dict[str, Any]) -> dict[str, Any]:
    """An ExecutorOutput as JSON, with URIs in place of local paths; changed in place, and returned."""
    for _, artifact in _artifacts(executor_output):
        artifact["uri"] = remote_uri(artifact["uri"])
    return executor_output


def lay_over(executor_input: dict[str, Any], overs: Iterable[str]) -> dict[str, Any]:
    """Puts input parameters into the JSON of others, and takes them away; changed in place, and returned.

    Args:
        executor_input: an ExecutorInput as JSON.
        overs: `PARAMETER:KEY.KEY=INPUT` each: the value of INPUT takes the place of that key in PARAMETER's JSON.

    Raises:
        KeyError: there is no such parameter, key or input.
    """
    values = executor_input.get("inputs", {}).get("parameterValues", {})
    used = set()
    for over in overs:
        place, _, source = over.partition("=")
        parameter, _, keys = place.partition(":")
        document = json.loads(values[parameter])
        *path, last = keys.split(".")
        section = document
        for key in path:
            section = section[key]
        if last not in section:
            raise KeyError(f"{over}: {parameter} has no {keys}")
        section[last] = _whole(values[source])
        values[parameter] = json.dumps(document, sort_keys=True)
        used.add(source)
    for source in used:
        del values[source]
    return executor_input


def parameter_values(executor_input: Mapping[str, Any]) -> dict[str, Any]:
    """The input parameters by name, with whole numbers as int: protobuf's Struct knows doubles only."""
    values = executor_input.get("inputs", {}).get("parameterValues", {})
    return {name: _whole(value) for name, value in values.items()}


def artifact_path(executor_input: Mapping[str, Any], name: str) -> str:
    """The local path of an input artifact."""
    return local_path(executor_input["inputs"]["artifacts"][name]["artifacts"][0]["uri"])


def output_file(executor_input: Mapping[str, Any], name: str) -> str:
    """The file that an output parameter's value is written to."""
    return executor_input["outputs"]["parameters"][name]["outputFile"]


def output_path(executor_input: Mapping[str, Any], name: str) -> str:
    """The local path of an output artifact: a file or a folder that the step makes there."""
    return local_path(executor_input["outputs"]["artifacts"][name]["artifacts"][0]["uri"])


def _artifacts(section: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, found in section.get("artifacts", {}).items():
        for artifact in found.get("artifacts", ()):
            yield name, artifact


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
