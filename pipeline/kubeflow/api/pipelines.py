"""Pipelines and their versions: a compiled file is uploaded once, and found again by its digest."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.kubeflow.api.connection import Connection
from pipeline.kubeflow.api.errors import ApiError
from pipeline.kubeflow.api.pages import every, named
from pipeline.kubeflow.api.silence import quietly
from pipeline.kubeflow.document import Compiled, dump_documents, to_json
from pipeline.kubeflow.errors import KubeflowError

_MADE_BY = "bertline"
_DIGITS_OF_NAME = 12


@dataclass(frozen=True)
class Version:
    """A version of a pipeline on the cluster; `is_new` if it was uploaded just now."""

    pipeline: str
    pipeline_id: str
    name: str
    version_id: str
    is_new: bool


def text_of(compiled: Compiled, cache: bool = True) -> str:
    """What is uploaded: the compiled text or, without cache, the same with every task's caching turned off.

    kfp's own switch works on runs without an uploaded pipeline only.
    """
    if cache:
        return compiled.text
    spec = to_json(compiled.spec)
    for tasks in _task_sets(spec):
        for task in tasks.values():
            task.pop("cachingOptions", None)
    return dump_documents([spec, compiled.platform] if compiled.platform else [spec])


def upload(connection: Connection, compiled: Compiled, text: str, name: str | None = None) -> Version:
    """The version of the pipeline that holds the text: the one that is there, or a new one.

    Args:
        connection: where to.
        compiled: the pipeline, which gives the name.
        text: of it, see `text_of`.
        name: of the version; the beginning of the text's digest by default.

    Raises:
        KubeflowError: the name of the pipeline or of the version is taken by another, or the API refuses.
    """
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    version = name or digest[:_DIGITS_OF_NAME]
    pipeline = compiled.name
    pipeline_id = _pipeline(connection, pipeline)
    known = _version(connection, pipeline_id, version, digest)
    if known is not None:
        return Version(pipeline, pipeline_id, version, known, is_new=False)
    made = _upload_version(connection, pipeline_id, version, text, f"{compiled.spec.sdk_version} sha256:{digest}")
    return Version(pipeline, pipeline_id, version, made, is_new=True)


def _task_sets(spec: dict[str, Any]) -> Iterable[dict[str, Any]]:
    graphs = [spec["root"], *spec.get("components", {}).values()]
    return [graph["dag"]["tasks"] for graph in graphs if "dag" in graph]


def _pipeline(connection: Connection, name: str) -> str:
    found = _find_pipeline(connection, name)
    if found is None:
        return _create_pipeline(connection, name)
    if not _is_ours(connection, found):
        raise KubeflowError(
            f"there is a pipeline {name} at {connection.host} that bertline did not make; rename yours "
            "(pipeline.name), or delete that one"
        )
    return found.pipeline_id


def _find_pipeline(connection: Connection, name: str) -> Any:
    client = connection.client
    return next(iter(named(client.list_pipelines, "pipelines", name, namespace=connection.namespace)), None)


def _is_ours(connection: Connection, pipeline: Any) -> bool:
    """Whether bertline made it: by its description or, if it was uploaded by hand, by one of its versions."""
    if (pipeline.description or "").startswith(_MADE_BY):
        return True
    versions = every(connection.client.list_pipeline_versions, "pipeline_versions", pipeline_id=pipeline.pipeline_id)
    return any(_sdk_version(version.pipeline_spec).startswith(_MADE_BY) for version in versions)


def _sdk_version(spec: Any) -> str:
    """By what a spec, as the API gives it, was compiled; the platform's document may stand beside it."""
    if not isinstance(spec, dict):
        return ""
    inner = spec.get("pipeline_spec", spec)
    return str(inner.get("sdkVersion", ""))


def _create_pipeline(connection: Connection, name: str) -> str:
    """Makes a pipeline without a version: the API's upload would name its first version as the pipeline."""
    client: Any = connection.client
    create = getattr(client.pipelines, "create_pipeline", None) or client.pipelines.pipeline_service_create_pipeline
    pipeline = client.api_models.V2beta1Pipeline(
        display_name=name, description=f"{_MADE_BY}'s pipeline of the task {name}", namespace=connection.namespace
    )
    try:
        return quietly(create, pipeline).pipeline_id
    except ApiError as error:
        if not error.says_it_exists:
            raise
        raise KubeflowError(
            f"the name {name} is taken at {connection.host} by a pipeline that is not yours to see: another "
            "namespace's, one that differs in capitals alone, or one made just now; rename yours (pipeline.name), or "
            "try again"
        ) from error


def _version(connection: Connection, pipeline_id: str, name: str, digest: str) -> str | None:
    """The id of the version of that name, None if there is none. Raises KubeflowError where its text is another."""
    client = connection.client
    found = named(client.list_pipeline_versions, "pipeline_versions", name, pipeline_id=pipeline_id)
    version = next(iter(found), None)
    if version is None:
        return None
    if f"sha256:{digest}" not in (version.description or ""):
        raise KubeflowError(
            f"--version: the pipeline has a version {name} of another text; give another name, or leave --version out: "
            "the version is then named by the digest of its text"
        )
    return version.pipeline_version_id


def _upload_version(connection: Connection, pipeline_id: str, name: str, text: str, description: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pipeline.yaml")  # the API tells the format by the name's end
        path.write_text(text, encoding="utf-8")
        try:
            made: Any = quietly(
                connection.client.upload_pipeline_version,
                str(path), name, pipeline_id=pipeline_id, description=description,
            )  # fmt: skip
        except ApiError as error:
            if not error.says_it_exists:
                raise
            raise KubeflowError(f"--version: the name {name} was taken just now by another; try again") from error
    return made.pipeline_version_id
