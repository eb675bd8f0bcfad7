"""One attempt at a step: its inputs fetched, its command run, its outputs collected and stored.

Source: v2/component/launcher_v2.go.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.kubeflow.container.executor_input import LOGS
from pipeline.kubeflow.container.mounts import MOUNT_ROOT
from pipeline.kubeflow.document import to_json
from pipeline.kubeflow.local.errors import AttemptError
from pipeline.kubeflow.local.process import run_process
from pipeline.kubeflow.local.store import ObjectStore, local_path
from pipeline.kubeflow.local.values import from_text, to_text
from pipeline.kubeflow.rules.sizes import LARGEST_ARGUMENT

_PYTHON = frozenset({"python", "python3"})


@dataclasses.dataclass(frozen=True)
class Attempt:
    """What one attempt is made with.

    Attributes:
        executor_input: the ExecutorInput that the driver made.
        component: the ComponentSpec.
        container: the PipelineContainerSpec.
        environment: all environment variables of the command, but for those that the launcher sets.
        root: the URI below which the run's outputs lie.
        scratch: a folder of this attempt's own, which stands for what a pod starts with: it holds nothing.
        log: file that the command's output is appended to.
        seconds: how long the command may run; None is for ever.
    """

    executor_input: Any
    component: Any
    container: Any
    environment: Mapping[str, str]
    root: str
    scratch: Path
    log: Path
    seconds: float | None

    @property
    def mount_root(self) -> Path:
        """The folder that stands for the root folder, in which the stores' folders lie."""
        return self.scratch / "mount"


def launch(attempt: Attempt, store: ObjectStore) -> tuple[dict[str, Any], dict[str, Any]]:
    """Makes an attempt.

    Args:
        attempt: what it is made with.
        store: where the inputs are, and the outputs go.

    Returns:
        The values of the output parameters, and the output artifacts (RuntimeArtifacts), all stored, by name.

    Raises:
        AttemptError: the command has failed, or its outputs are not as declared.
    """
    command = resolve_command(attempt)
    _fetch(attempt.executor_input.inputs, attempt.mount_root, store)
    _prepare_folders(attempt)
    _run(attempt, command)
    output = _read_output(Path(attempt.executor_input.outputs.output_file))
    parameters = _output_parameters(attempt, output)
    return parameters, _store_artifacts(attempt, output, store)


def resolve_command(attempt: Attempt) -> list[str]:
    """The command and its arguments, placeholders replaced (executeV2, addDefaultParams, getPlaceholders).

    Raises AttemptError where the input is too large to be an argument.
    """
    given = pipeline_spec_pb2.ExecutorInput()
    given.CopyFrom(attempt.executor_input)
    for name, spec in attempt.component.input_definitions.parameters.items():
        if spec.HasField("default_value") and name not in given.inputs.parameter_values:
            given.inputs.parameter_values[name].CopyFrom(spec.default_value)
    replaced = placeholders(given, attempt.mount_root)
    size = len(replaced["{{$}}"].encode())
    if size > LARGEST_ARGUMENT:
        raise AttemptError(f"its input is {size:,} bytes of JSON, and Linux takes {LARGEST_ARGUMENT:,} in an argument")
    pattern = re.compile("|".join(re.escape(placeholder) for placeholder in sorted(replaced)))
    texts = [*attempt.container.command, *attempt.container.args]
    return [pattern.sub(lambda found: replaced[found[0]], text) for text in texts]


def placeholders(executor_input: Any, mount_root: Path) -> dict[str, str]:
    """What is replaced by what in a command (getPlaceholders).

    Args:
        executor_input: an ExecutorInput, defaults filled in.
        mount_root: the folder in which the stores' folders lie.
    """
    inputs, outputs = executor_input.inputs, executor_input.outputs
    text = json.dumps(to_json(executor_input), separators=(",", ":"), ensure_ascii=False)
    replaced = {"{{$}}": text}
    for side, artifacts in (("inputs", inputs.artifacts), ("outputs", outputs.artifacts)):
        for name, several in artifacts.items():
            uri = several.artifacts[0].uri
            replaced[f"{{{{$.{side}.artifacts['{name}'].uri}}}}"] = uri
            replaced[f"{{{{$.{side}.artifacts['{name}'].path}}}}"] = str(local_path(uri, mount_root))
    for name, value in inputs.parameter_values.items():
        replaced[f"{{{{$.inputs.parameters['{name}']}}}}"] = to_text(value)
    for name, parameter in outputs.parameters.items():
        replaced[f"{{{{$.outputs.parameters['{name}'].output_file}}}}"] = parameter.output_file
    return replaced


def _fetch(inputs: Any, mount_root: Path, store: ObjectStore) -> None:
    """DownloadArtifacts: the first of each input; one that is not there is simply not there."""
    for several in inputs.artifacts.values():
        store.download(several.artifacts[0].uri, mount_root)


def _prepare_folders(attempt: Attempt) -> None:
    """PrepareOutputFolders: the folders around the outputs, never an output's own."""
    outputs = attempt.executor_input.outputs
    for parameter in outputs.parameters.values():
        Path(parameter.output_file).parent.mkdir(parents=True, exist_ok=True)
    for several in outputs.artifacts.values():
        for artifact in several.artifacts:
            local_path(artifact.uri, attempt.mount_root).parent.mkdir(parents=True, exist_ok=True)


def _run(attempt: Attempt, command: list[str]) -> None:
    """Runs the command; its output goes to the log, and this attempt's part of that to the artifact of logs."""
    program = [sys.executable, *command[1:]] if command[0] in _PYTHON else command
    workplace = attempt.scratch / "work"
    workplace.mkdir(parents=True, exist_ok=True)
    environment = {**attempt.environment, MOUNT_ROOT: str(attempt.mount_root)}
    before = attempt.log.stat().st_size if attempt.log.exists() else 0
    code = run_process(program, workplace, environment, attempt.log, attempt.seconds)
    if code != 0:
        reason = f"signal {-code} ended its command" if code < 0 else f"its command ended with exit code {code}"
        raise AttemptError(reason, code)
    logs = attempt.executor_input.outputs.artifacts[LOGS].artifacts[0]
    with attempt.log.open("rb") as log:
        log.seek(before)
        local_path(logs.uri, attempt.mount_root).write_bytes(log.read())


def _read_output(file: Path) -> Any:
    """GetExecutorOutputFile: strictly an ExecutorOutput; a step need not write one."""
    output = pipeline_spec_pb2.ExecutorOutput()
    if not file.exists():
        return output
    try:
        written = json.loads(file.read_bytes())
        if not isinstance(written, dict):  # json_format takes an empty list for an empty message
            raise ValueError("it is no JSON object")
        return json_format.ParseDict(written, output)
    except (json_format.ParseError, ValueError, AttributeError, TypeError) as error:
        raise AttemptError(f"failed to unmarshall ExecutorOutput in file {file.name!r}: {error}") from error


def _output_parameters(attempt: Attempt, output: Any) -> dict[str, Any]:
    """CollectOutputParameters: what the output file says goes before what stands in a parameter's own file."""
    found = dict(output.parameter_values)
    declared = attempt.component.output_definitions.parameters
    for name, parameter in sorted(attempt.executor_input.outputs.parameters.items()):
        if name in found:
            continue
        try:
            text = Path(parameter.output_file).read_text(encoding="utf-8")
            found[name] = from_text(text, declared[name].parameter_type)
        except FileNotFoundError as error:
            raise AttemptError(f"failed to read output parameter {name}: the step wrote none") from error
        except (OSError, ValueError) as error:
            raise AttemptError(f"failed to read output parameter {name}: {error}") from error
    return found


def _store_artifacts(attempt: Attempt, output: Any, store: ObjectStore) -> dict[str, Any]:
    """UploadOutputArtifacts; mergeRuntimeArtifacts."""
    stored = {}
    for name, several in sorted(attempt.executor_input.outputs.artifacts.items()):
        artifact = pipeline_spec_pb2.RuntimeArtifact()
        artifact.CopyFrom(several.artifacts[0])
        if output.artifacts[name].artifacts:
            _merge(output.artifacts[name].artifacts[0], artifact)
        _upload(name, artifact.uri, attempt, store)
        stored[name] = artifact
    return stored


def _merge(said: Any, artifact: Any) -> None:
    """What a step says of an artifact goes before what the driver provided: the URI, and each key of the metadata."""
    if said.uri:
        artifact.uri = said.uri
    if said.HasField("metadata"):
        artifact.metadata.SetInParent()
        for key, value in said.metadata.fields.items():
            artifact.metadata.fields[key].CopyFrom(value)


def _upload(name: str, uri: str, attempt: Attempt, store: ObjectStore) -> None:
    try:
        source = local_path(uri, attempt.mount_root)
    except ValueError:
        _warn(attempt.log, f'Output Artifact "{name}" does not have a recognized storage URI "{uri}". Skipping upload.')
        return
    if not uri.startswith(f"{attempt.root}/"):
        raise AttemptError(f'failed to upload output artifact "{name}": {uri} does not lie below {attempt.root}')
    try:
        store.upload(source, uri)
    except FileNotFoundError:
        _warn(attempt.log, f'Output Artifact "{name}": nothing lies at {source}')
    except OSError as error:
        raise AttemptError(f'failed to upload output artifact "{name}" to {uri}: {error}') from error


def _warn(log: Path, text: str) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(f"launcher: {text}\n")
