"""Starts a run of a compiled pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from pipeline.kubeflow.api.connection import Connection
from pipeline.kubeflow.api.experiments import Experiment, find_or_create_experiment
from pipeline.kubeflow.api.pipelines import Version, text_of, upload
from pipeline.kubeflow.api.silence import quietly
from pipeline.kubeflow.document import Compiled
from pipeline.kubeflow.errors import KubeflowError


@dataclass(frozen=True)
class Wanted:
    """What a user wants of a run or schedule beside the pipeline; names that are left out are made up.

    Attributes:
        name: of the run or schedule.
        version: the name of the pipeline's version.
        parameters: by name, typed.
        cache: whether earlier results may be used.
        is_sure: of the experiment, see `find_or_create_experiment`.
    """

    name: str | None = None
    version: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    cache: bool = True
    is_sure: bool = True

    def __post_init__(self) -> None:
        for option, name in (("--name", self.name), ("--version", self.version)):
            if name is not None and not name.strip():
                raise KubeflowError(f"{option} is empty; give a name, or leave the option out")


@dataclass(frozen=True)
class Prepared:
    """A run that can be started: its name, and what is on the cluster for it."""

    name: str
    experiment: Experiment
    version: Version


def prepare(connection: Connection, compiled: Compiled, wanted: Wanted) -> Prepared:
    """Uploads the pipeline if its text is not there yet. It does no harm twice.

    Raises:
        KubeflowError: a name is taken, or the API refuses or cannot be reached.
    """
    experiment = find_or_create_experiment(connection, wanted.is_sure)
    version = upload(connection, compiled, text_of(compiled, wanted.cache), wanted.version)
    name = wanted.name or f"{version.pipeline} {datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S}"
    return Prepared(name, experiment, version)


def start(connection: Connection, compiled: Compiled, wanted: Wanted, prepared: Prepared) -> str:
    """Starts a run, and answers its id. Raises ApiError, which may be in doubt."""
    run: Any = quietly(
        connection.client.run_pipeline,
        experiment_id=prepared.experiment.experiment_id,
        job_name=prepared.name,
        params=dict(wanted.parameters),
        pipeline_id=prepared.version.pipeline_id,
        version_id=prepared.version.version_id,
        pipeline_root=compiled.spec.default_pipeline_root or None,
        service_account=connection.service_account,
    )
    return run.run_id
