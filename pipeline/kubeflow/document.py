"""Reads a compiled pipeline: the specification that Kubeflow Pipelines runs, and what Kubernetes is told beside it.

The two lie in one file as two YAML documents, as the KFP compiler writes them and the API server takes them.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from google.protobuf.message import Message
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.version import sdk_version

SCHEMA_VERSION = "2.1.0"
COMPILE_ANEW = "compile it with `bertline compile`"


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


def dump_documents(documents: Iterable[dict[str, Any]]) -> str:
    """YAML documents of JSON values, in which every text is one for every reader: PyYAML, which kfp has, and Go's
    yaml.v3 and its elders, which the API server has, take different bare words for numbers, dates and truth values.
    """
    return yaml.dump_all(documents, Dumper=_Dumper, sort_keys=True, allow_unicode=True, width=110)


class _Dumper(yaml.SafeDumper):
    """Quotes what begins as a number or a date can, and YAML 1.1's words; PyYAML quotes by itself what it would read
    otherwise.
    """

    def represent_str(self, data: str) -> yaml.ScalarNode:
        style = "'" if data[:1] in _BEGINNINGS or data.lower() in _WORDS else None
        if not _BREAKS.isdisjoint(data):
            style = '"'
        return self.represent_scalar(_TAG + "str", data, style=style)


_TAG = "tag:yaml.org,2002:"
_BEGINNINGS = frozenset("0123456789+-.~")
_BREAKS = frozenset("\x85\u2028\u2029")  # PyYAML loses some where it does not escape them
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_Dumper.add_representer(str, _Dumper.represent_str)

_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BaseLoader):
    """YAML as Go's yaml.v3 reads it where PyYAML differs: bare words (resolve.go), of which dates stay texts in JSON;
    a key that is written twice is an error.
    """

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        if kind is yaml.ScalarNode and implicit[0]:
            return _TAG + _go_type(value)
        return super().resolve(kind, value, implicit)

    def construct_number(self, node: Any) -> int | float:
        number = _go_number(node.value)
        if number is None:
            raise yaml.constructor.ConstructorError(None, None, f"{node.value!r} is no number", node.start_mark)
        return number

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = [key for index, key in enumerate(keys) if key in keys[:index]]
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"key {twice[0]!r} is already defined", node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.add_constructor(_TAG + "int", _Loader.construct_number)
_Loader.add_constructor(_TAG + "float", _Loader.construct_number)

_TYPES = {
    **dict.fromkeys(("true", "True", "TRUE", "false", "False", "FALSE"), "bool"),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), "null"),
    "<<": "merge",
}
_INFINITE = {
    **{sign + word: float(f"{sign}inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_INTEGER = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)


def _go_type(text: str) -> str:
    if text in _TYPES:
        return _TYPES[text]
    number = _go_number(text)
    return "str" if number is None else "int" if isinstance(number, int) else "float"


def _go_number(text: str) -> int | float | None:
    """The number that a bare word is, None where it is none: whole ones of 64 bits with any of Go's prefixes, 0 alone
    being an octal's, and decimals that a float64 holds; underscores do not count but in what begins with one or a dot.
    """
    if text in _INFINITE:
        return _INFINITE[text]
    plain = text if text[:1] in (".", "_") else text.replace("_", "")
    if _INTEGER.fullmatch(plain):
        digits = plain.lstrip("+-")
        number = int(plain, 8 if digits[1:].isdecimal() and digits[0] == "0" else 0)
        if -(1 << 63) <= number < 1 << (64 if plain == digits else 63):
            return number
    if _FLOAT.fullmatch(plain) and math.isfinite(float(plain)):
        return float(plain)
    return None


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


def _check_compiler(compiled_by: str, origin: str) -> None:
    """Refuses what another version of bertline compiled: the steps' commands are this version's."""
    compiler, installed = compiled_by.partition(" ")[0], sdk_version()
    if compiler.partition("-")[0] == installed.partition("-")[0] and compiler != installed:
        raise KubeflowError(f"{origin}: {compiler} compiled it, and this is {installed}; compile it anew")
