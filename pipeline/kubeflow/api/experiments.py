"""Experiments: the folders that Kubeflow keeps runs and schedules in."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from pipeline.kubeflow.api.connection import Connection
from pipeline.kubeflow.api.errors import ApiError
from pipeline.kubeflow.api.pages import every, named
from pipeline.kubeflow.api.silence import quietly
from pipeline.kubeflow.errors import KubeflowError

_MOST_TOLD = 10


@dataclass(frozen=True)
class Experiment:
    """An experiment on the cluster; `is_new` if it was made just now."""

    name: str
    experiment_id: str
    is_new: bool = False


def find_or_create_experiment(connection: Connection, is_sure: bool = True) -> Experiment:
    """The connection's experiment, which is made if missing.

    Args:
        connection: where.
        is_sure: whether it is made where others have a name so close that this one may be mistyped.

    Raises:
        KubeflowError: it is archived, or missing and not sure.
    """
    found = _find(connection)
    if found is not None:
        return found
    if not is_sure:
        _check_not_mistyped(connection)
    try:
        made: Any = quietly(connection.client.create_experiment, connection.experiment, namespace=connection.namespace)
    except ApiError as error:
        found = _find(connection) if error.says_it_exists else None  # another has just made it
        if found is None:
            raise
        return found
    if made.display_name != connection.experiment:  # kfp takes the one that is there, by MySQL's comparison
        raise KubeflowError(
            f"there is an experiment {made.display_name}, and names that differ in capitals alone are the same to the "
            f"API; give --experiment {made.display_name!r}, or another name"
        )
    return Experiment(connection.experiment, made.experiment_id, is_new=True)


def find_experiment(connection: Connection) -> Experiment:
    """The connection's experiment. Raises KubeflowError where there is none."""
    found = _find(connection)
    if found is not None:
        return found
    names = _names(connection)
    known = ", ".join(names[:_MOST_TOLD]) + (", ..." if len(names) > _MOST_TOLD else "") if names else "none"
    raise KubeflowError(
        f"there is no experiment {connection.experiment} at {connection.host} (there is: {known}); give --experiment, "
        "or submit a run or schedule, which makes it"
    )


def _check_not_mistyped(connection: Connection) -> None:
    by_plain_name = {name.lower(): name for name in _names(connection)}
    close = difflib.get_close_matches(connection.experiment.lower(), by_plain_name)
    if close:
        those = " or ".join(by_plain_name[name] for name in close)
        raise KubeflowError(
            f"--experiment: there is no experiment {connection.experiment}, but there is {those}; mend the name, or "
            "add --create-experiment to make a new one"
        )


def _find(connection: Connection) -> Experiment | None:
    name, client = connection.experiment, connection.client
    found = named(client.list_experiments, "experiments", name, namespace=connection.namespace)
    if found and found[0].storage_state == "ARCHIVED":
        raise KubeflowError(f"the experiment {name} is archived; restore it, or give another --experiment")
    return Experiment(name, found[0].experiment_id) if found else None


def _names(connection: Connection) -> list[str]:
    found = every(connection.client.list_experiments, "experiments", namespace=connection.namespace)
    return sorted(experiment.display_name for experiment in found)
