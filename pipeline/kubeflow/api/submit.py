"""Starts a run of a compiled pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from pipeline.kubeflow.api.connection import Connection
from pipeline.kubeflow.api.experiments import find_or_create_experiment
from pipeline.kubeflow.api.pipelines import Version, text_of, upload
from pipeline.kubeflow.api.silence import quietly
from pipeline.kubeflow.document import Compiled


@dataclass(frozen=True)
class Wanted:
    """What a user wants of a run or schedule beside the pipeline; names that are left out are made up."""

    name: str | None = None
    version: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    cache: bool = True


@dataclass(frozen=True)
class SubmittedRun:
    """A run that has been started; `url` is where the user interface shows it."""

    run_id: str
    name: str
    url: str
    experiment: str
    version: Version


def submit(connection: Connection, compiled: Compiled, wanted: Wanted) -> SubmittedRun:
    """Uploads the pipeline if its text is not there yet, and starts a run of it.

    Raises:
        KubeflowError: a name is taken, or the API refuses or cannot be reached.
    """
    version = upload(connection, compiled, text_of(compiled, wanted.cache), wanted.version)
    experiment_id = find_or_create_experiment(connection)
    name = wanted.name or f"{version.pipeline} {datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S}"
    run: Any = quietly(
        connection.client.run_pipeline,
        experiment_id=experiment_id,
        job_name=name,
        params=dict(wanted.parameters),
        pipeline_id=version.pipeline_id,
        version_id=version.version_id,
        pipeline_root=compiled.spec.default_pipeline_root or None,
        service_account=connection.service_account,
    )
    return SubmittedRun(run.run_id, name, connection.run_url(run.run_id), connection.experiment, version)
