"""A run as the API tells of it, in the steps that a user knows.

The API lists the nodes of an Argo workflow: for each step its driver, the step itself, and below it the container that
does the work, called `executor`, which is skipped where the cache had the answer. It gives no reason why a node waits
or has failed (backend/src/common/util/workflow.go, NodeStatuses): that is in the pod, and in its log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.kubeflow.settings import STEPS
from pipeline.steps import State

_EXECUTOR = "executor"
_DRIVER = "-driver"
_CANCELING = "CANCELING"
_STATES = {
    "RUNNING": State.RUNNING,
    "SUCCEEDED": State.DONE,
    "SKIPPED": State.SKIPPED,
    "FAILED": State.FAILED,
    _CANCELING: State.RUNNING,
    "CANCELED": State.CANCELLED,
}  # PENDING, PAUSED, RUNTIME_STATE_UNSPECIFIED and what later versions may add are waiting


@dataclass(frozen=True)
class Task:
    """A step of a run.

    Attributes:
        name: as the pipeline has it.
        state: of it.
        started: when, None before it does.
        ended: when, None before it does.
        pods: that do its work, the latest first.
        pod_wanted: since when one of them is asked for that has not started, None where they all have.
        failed_in: what failed of it: `driver`, which Kubeflow runs before it, or `executor`, the step's own program;
            None where neither is known to have.
    """

    name: str
    state: State
    started: datetime | None = None
    ended: datetime | None = None
    pods: tuple[str, ...] = ()
    pod_wanted: datetime | None = None
    failed_in: str | None = None

    def seconds(self, now: datetime) -> float | None:
        """How long it has taken until it ended, or until now; None before it starts."""
        if self.started is None:
            return None
        return max(0.0, ((self.ended or now) - self.started).total_seconds())


@dataclass(frozen=True)
class RunStatus:
    """A run at one time.

    Attributes:
        run_id: its id.
        name: its name.
        state: of it, CANCELLED where it failed after it was asked to end: Argo calls that a failure.
        api_state: the API's own word.
        tasks: its steps.
        message: what the API says went wrong with the run as a whole.
        asked_to_end: whether somebody has cancelled it.
    """

    run_id: str
    name: str
    state: State
    api_state: str
    tasks: tuple[Task, ...] = ()
    message: str = ""
    asked_to_end: bool = False

    @property
    def failed(self) -> tuple[Task, ...]:
        """The steps that failed."""
        return tuple(task for task in self.tasks if task.state is State.FAILED)


def run_status(run: Any, asked_to_end: bool = False) -> RunStatus:
    """The status in an answer of the API, a V2beta1Run; `asked_to_end` where an earlier answer said that it was."""
    details = (run.run_details.task_details if run.run_details else None) or []
    words = [run.state, *(entry.state for entry in run.state_history or [])]
    state, asked_to_end = _state(run.state), asked_to_end or _CANCELING in words
    return RunStatus(
        run_id=run.run_id,
        name=run.display_name or run.run_id,
        state=State.CANCELLED if asked_to_end and state is State.FAILED else state,
        api_state=run.state or "PENDING",
        tasks=tuple(_tasks(details)),
        message=(run.error.message if run.error is not None else None) or "",
        asked_to_end=asked_to_end,
    )


def _tasks(details: Iterable[Any]) -> list[Task]:
    """All steps in the pipeline's order once one of them is there; none for a run that is not of our pipelines."""
    details = list(details)
    by_name = {_plain(detail.display_name): detail for detail in details}
    found = [_task(name, by_name, details) for name in STEPS]
    return [task or Task(name, State.WAITING) for name, task in zip(STEPS, found, strict=True)] if any(found) else []


def _task(name: str, by_name: Mapping[str, Any], details: list[Any]) -> Task | None:
    detail, driver = by_name.get(_plain(name)), by_name.get(_plain(f"{name}{_DRIVER}"))
    if driver is not None and _state(driver.state) is State.FAILED:
        return _told(name, driver, [driver], "driver")
    if detail is not None:
        return _told(name, detail, _workers(detail, details), _EXECUTOR)
    return None if driver is None else Task(name, State.WAITING)


def _told(name: str, detail: Any, workers: list[Any], what_works: str) -> Task:
    states = [_state(node.state) for node in workers]
    state = _state(detail.state)
    if state is State.DONE and State.SKIPPED in states:
        state = State.CACHED
    pods = [node for node in reversed(workers) if not _workers(node, workers)]  # tries have a node above them
    return Task(
        name=name,
        state=state,
        started=_moment(detail.start_time) or _moment(detail.create_time),
        ended=_moment(detail.end_time) if state.is_final else None,
        pods=tuple(dict.fromkeys(node.pod_name for node in pods if node.pod_name)),
        pod_wanted=next((_moment(node.create_time) for node in pods if node.state == "PENDING"), None),
        failed_in=what_works if state is State.FAILED and State.FAILED in states else None,
    )


def _workers(detail: Any, details: list[Any]) -> list[Any]:
    """What does a step's work: its executor and, where it may be tried again, below that each try.

    A node names as its children what is inside it, but also what comes after it: hence the look at names.
    """
    children = {_hash(child.pod_name) for child in detail.child_tasks or [] if child.pod_name}
    executors = [
        node for node in details if (node.display_name or "").startswith(_EXECUTOR) and _hash(node.pod_name) in children
    ]
    return [*executors, *(inner for node in executors for inner in _workers(node, details))]


def _hash(name: str | None) -> str:
    """What Argo tells a workflow's nodes apart by: children are named WORKFLOW-HASH, pods WORKFLOW-TEMPLATE-HASH."""
    return (name or "").rpartition("-")[2]


def _plain(name: str | None) -> str:
    """Names of steps, whatever a version of the backend makes of capitals and hyphens."""
    return (name or "").lower().replace("-", "").replace("_", "")


def _state(word: str | None) -> State:
    return _STATES.get(word or "", State.WAITING)


def _moment(time: datetime | None) -> datetime | None:
    """A time of the API, which writes Go's or Unix' first moment where there is none."""
    return None if time is None or time.year <= 1970 else time
