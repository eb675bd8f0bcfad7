"""Experiments: the folders that Kubeflow keeps runs and schedules in."""

from __future__ import annotations

from typing import Any

from pipeline.kubeflow.api.connection import Connection
from pipeline.kubeflow.api.errors import ApiError
from pipeline.kubeflow.api.pages import every, named
from pipeline.kubeflow.api.silence import quietly
from pipeline.kubeflow.errors import KubeflowError

_MOST_TOLD = 10


def find_or_create_experiment(connection: Connection) -> str:
    """The id of the connection's experiment, which is made if missing. Raises KubeflowError where it is archived."""
    found = _find(connection)
    if found is not None:
        return found
    try:
        made: Any = quietly(connection.client.create_experiment, connection.experiment, namespace=connection.namespace)
    except ApiError as error:
        found = _find(connection) if error.says_it_exists else None  # another has just made it
        if found is None:
            raise
        return found
    return made.experiment_id


def find_experiment(connection: Connection) -> str:
    """The id of the connection's experiment. Raises KubeflowError where there is none."""
    found = _find(connection)
    if found is not None:
        return found
    names = sorted(experiment.display_name for experiment in _experiments(connection))
    known = ", ".join(names[:_MOST_TOLD]) + (", ..." if len(names) > _MOST_TOLD else "") if names else "none"
    raise KubeflowError(
        f"there is no experiment {connection.experiment} at {connection.host} (there is: {known}); give --experiment, "
        "or submit a run or schedule, which makes it"
    )


def _find(connection: Connection) -> str | None:
    found = _experiments(connection, filter=named(connection.experiment))
    if found and found[0].storage_state == "ARCHIVED":
        raise KubeflowError(
            f"the experiment {connection.experiment} is archived; restore it, or give another --experiment"
        )
    return found[0].experiment_id if found else None


def _experiments(connection: Connection, **arguments: str) -> list[Any]:
    client = connection.client
    return list(every(client.list_experiments, "experiments", namespace=connection.namespace, **arguments))
