"""Reads a compiled pipeline: the specification that Kubeflow Pipelines runs, and what Kubernetes is told beside it.

The two lie in one file as two YAML documents, as the KFP compiler writes them and the API server takes them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Hashable
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from google.protobuf.message import Message
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.kubeflow.errors import KubeflowError

SCHEMA_VERSION = "2.1.0"
COMPILE_ANEW = "compile it with `bertline compile`"
_COMPILER = "bertline-"


@dataclasses.dataclass(frozen=True)
class Compiled:
    """A compiled pipeline.

    Attributes:
        origin: the file that it was read from, for messages.
        text: both documents as they were read; what is submitted.
        spec: the first document, a PipelineSpec.
        deployment: its `deploymentSpec`, a PipelineDeploymentConfig: executors by label.
        platform: the second document as it was read; empty where there is none.
        kubernetes: what it tells Kubernetes of each executor, by the executor's label.
    """

    origin: str
    text: str
    spec: Any
    deployment: Any
    platform: dict[str, Any]
    kubernetes: dict[str, dict[str, Any]]

    @property
    def name(self) -> str:
        """The name of the pipeline."""
        return self.spec.pipeline_info.name


def read_compiled(path: Path) -> Compiled:
    """Reads a compiled file. Raises KubeflowError where it cannot be read or is not what `parse_compiled` takes."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise KubeflowError(f"{path} cannot be read ({error.strerror}); {COMPILE_ANEW}") from error
    except UnicodeDecodeError as error:
        raise KubeflowError(f"{path} is not a text in UTF-8; {COMPILE_ANEW}") from error
    return parse_compiled(text, str(path))


def parse_compiled(text: str, origin: str) -> Compiled:
    """Reads a compiled pipeline as KFP's API server does (apiserver/template/v2_template.go, NewV2SpecTemplate), with
    two things that the server passes over in silence refused: further documents, and unknown fields of deploymentSpec.

    Args:
        text: the YAML documents.
        origin: where they are from, for messages.

    Raises:
        KubeflowError: it is no YAML, no pipeline of schema 2.1.0, or one that another version of bertline compiled.
    """
    specs, platforms = _sorted_out(_documents(text, origin), origin)
    spec = _parsed(specs, pipeline_spec_pb2.PipelineSpec(), f"{origin}: invalid v2 pipeline spec")
    if spec.schema_version != SCHEMA_VERSION:
        raise KubeflowError(
            f"{origin}: schemaVersion is {spec.schema_version or 'missing'}, and Kubeflow Pipelines takes "
            f"{SCHEMA_VERSION} alone; {COMPILE_ANEW}"
        )
    _check_compiler(spec.sdk_version, origin)
    deployment = _parsed(
        to_json(spec.deployment_spec), pipeline_spec_pb2.PipelineDeploymentConfig(), f"{origin}: deploymentSpec"
    )
    platform = _parsed(platforms, pipeline_spec_pb2.PlatformSpec(), f"{origin}: invalid platform spec")
    kubernetes = to_json(platform.platforms["kubernetes"].deployment_spec).get("executors", {})
    return Compiled(origin, text, spec, deployment, platforms, kubernetes)


def to_json(message: Message) -> Any:
    """A message as a JSON value, whole numbers written as such: Python's protobuf writes 3.0 where Go's writes 3."""
    return _whole(json_format.MessageToDict(message))


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return value


_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BaseLoader):
    """YAML as Go's yaml.v3 reads it where PyYAML differs: a key that is written twice is an error."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = [key for index, key in enumerate(keys) if key in keys[:index]]
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"key {twice[0]!r} is already defined", node.start_mark)
        return super().construct_mapping(node, deep)


# JSON has no dates: a text that looks like one stays a text.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _documents(text: str, origin: str) -> list[dict[str, Any]]:
    try:
        documents = list(yaml.load_all(text, _Loader))
    except yaml.YAMLError as error:
        raise KubeflowError(f"{origin} is not YAML: {error}; {COMPILE_ANEW}") from error
    found = [document for document in documents if document is not None]
    if any(not isinstance(document, dict) for document in found):
        raise KubeflowError(f"{origin}: no compiled pipeline, which is made of YAML mappings; {COMPILE_ANEW}")
    return found


def _sorted_out(documents: list[dict[str, Any]], origin: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The one pipeline specification and the one platform specification, which may be left out."""
    if any("pipelineSpec" in document for document in documents):
        raise KubeflowError(
            f"{origin}: the specification is wrapped in a job (`pipelineSpec`), as TFX writes it for Vertex AI, which "
            f"Kubeflow Pipelines does not take; {COMPILE_ANEW}"
        )
    specs = [document for document in documents if "pipelineInfo" in document]
    platforms = [document for document in documents if "pipelineInfo" not in document]
    if not specs:
        raise KubeflowError(f"{origin}: no pipeline spec is provided (no document has `pipelineInfo`); {COMPILE_ANEW}")
    if len(specs) > 1:
        raise KubeflowError(f"{origin}: multiple pipeline specs provided; {COMPILE_ANEW}")
    if not all(_is_for_kubernetes(document) for document in platforms):
        raise KubeflowError(
            f"{origin}: a document is neither a pipeline nor has `platforms.kubernetes`, and would be passed over; "
            f"{COMPILE_ANEW}"
        )
    if len(platforms) > 1:
        raise KubeflowError(f"{origin}: multiple platform specs provided; {COMPILE_ANEW}")
    return specs[0], platforms[0] if platforms else {}


def _is_for_kubernetes(document: dict[str, Any]) -> bool:
    named = document.get("platforms")
    return isinstance(named, dict) and "kubernetes" in named


def _parsed(document: dict[str, Any], message: Any, what: str) -> Any:
    try:
        return json_format.ParseDict(document, message)
    # json_format lets what it does not expect (a list for a mapping) through as these.
    except (json_format.ParseError, AttributeError, TypeError, ValueError) as error:
        raise KubeflowError(f"{what}: {error}; {COMPILE_ANEW}") from error


def _check_compiler(sdk_version: str, origin: str) -> None:
    """Refuses what another version of bertline compiled: the steps' commands are this version's."""
    compiler = sdk_version.partition(" ")[0]
    if not compiler.startswith(_COMPILER):
        return
    installed = metadata.version("bertline")
    if compiler != f"{_COMPILER}{installed}":
        raise KubeflowError(
            f"{origin}: bertline {compiler[len(_COMPILER) :]} compiled it, and this is {installed}; compile it anew"
        )
