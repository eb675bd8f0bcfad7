"""A run as the API tells of it, in the steps that a user knows.

The API lists a workflow's nodes: for each step its driver, the step itself, and below it the container that does the
work, called `executor`, which is skipped where the cache had the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from pipeline.kubeflow.settings import STEPS

_EXECUTOR = "executor"
_DRIVER = "-driver"
_EXIT_CODE = re.compile(r"exit code:? (\d+)", re.IGNORECASE)


class State(str, Enum):
    """The state of a step or run, in the word that is shown."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CACHED = "cached"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether it does not change any more."""
        return self not in (State.WAITING, State.RUNNING)


_STATES = {
    "RUNNING": State.RUNNING,
    "SUCCEEDED": State.DONE,
    "SKIPPED": State.SKIPPED,
    "FAILED": State.FAILED,
    "CANCELING": State.RUNNING,
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
        message: what the API says went wrong.
        pods: that do its work, the latest first.
        pod_wanted: since when one of them is asked for that has not started, None where they all have.
    """

    name: str
    state: State
    started: datetime | None = None
    ended: datetime | None = None
    message: str = ""
    pods: tuple[str, ...] = ()
    pod_wanted: datetime | None = None

    def seconds(self, now: datetime) -> float | None:
        """How long it has taken until it ended, or until now; None before it starts."""
        if self.started is None:
            return None
        return max(0.0, ((self.ended or now) - self.started).total_seconds())


@dataclass(frozen=True)
class RunStatus:
    """A run at one time: `api_state` is the API's own word, `message` what it says went wrong."""

    run_id: str
    name: str
    state: State
    api_state: str
    tasks: tuple[Task, ...] = ()
    message: str = ""

    @property
    def failed(self) -> tuple[Task, ...]:
        """The steps that failed."""
        return tuple(task for task in self.tasks if task.state is State.FAILED)

    @property
    def messages(self) -> list[tuple[str, str]]:
        """Where something is said to be wrong, and what: steps, and the run itself as an empty name."""
        said = [*((task.name, task.message) for task in self.tasks), ("", self.message)]
        return [(name, message) for name, message in said if message]


def run_status(run: Any) -> RunStatus:
    """The status in an answer of the API, a V2beta1Run."""
    details = (run.run_details.task_details if run.run_details else None) or []
    return RunStatus(
        run_id=run.run_id,
        name=run.display_name or run.run_id,
        state=_state(run.state),
        api_state=run.state or "PENDING",
        tasks=tuple(_tasks(details)),
        message=_message(run),
    )


def exit_code_of(message: str) -> int | None:
    """The exit code of a container, where the message tells it."""
    found = _EXIT_CODE.search(message)
    return None if found is None else int(found[1])


def _tasks(details: Iterable[Any]) -> list[Task]:
    """All steps in the pipeline's order once one of them is there; none for a run that is not of our pipelines."""
    details = list(details)
    by_name = {_plain(detail.display_name): detail for detail in details}
    found = [_task(name, by_name, details) for name in STEPS]
    return [task or Task(name, State.WAITING) for name, task in zip(STEPS, found, strict=True)] if any(found) else []


def _task(name: str, by_name: Mapping[str, Any], details: list[Any]) -> Task | None:
    detail, driver = by_name.get(_plain(name)), by_name.get(_plain(f"{name}{_DRIVER}"))
    if driver is not None and _state(driver.state) is State.FAILED:
        return _told(name, driver, [])
    if detail is not None:
        return _told(name, detail, _workers(detail, details))
    return None if driver is None else Task(name, State.WAITING)


def _told(name: str, detail: Any, workers: list[Any]) -> Task:
    state = _state(detail.state)
    if state is State.DONE and any(_state(node.state) is State.SKIPPED for node in workers):
        state = State.CACHED
    messages = [message for node in (detail, *workers) if (message := _message(node))]
    return Task(
        name=name,
        state=state,
        started=detail.start_time or detail.create_time,
        ended=detail.end_time if state.is_final else None,
        message="; ".join(dict.fromkeys(messages)),
        pods=tuple(dict.fromkeys(node.pod_name for node in reversed(workers) if node.pod_name)),
        pod_wanted=next((node.create_time for node in reversed(workers) if node.state == "PENDING"), None),
    )


def _workers(detail: Any, details: list[Any]) -> list[Any]:
    """What does a step's work: its executor and, where it may be tried again, below that each try.

    A node names as its children what is inside it, but also what comes after it: hence the look at names.
    """
    children = detail.child_tasks or []
    pods = {child.pod_name for child in children if child.pod_name}
    ids = {child.task_id for child in children if child.task_id}
    executors = [
        node
        for node in details
        if (node.display_name or "").startswith(_EXECUTOR) and (node.pod_name in pods or node.task_id in ids)
    ]
    return [*executors, *(inner for node in executors for inner in _workers(node, details))]


def _plain(name: str | None) -> str:
    """Names of steps, whatever a version of the backend makes of capitals and hyphens."""
    return (name or "").lower().replace("-", "").replace("_", "")


def _state(word: str | None) -> State:
    return _STATES.get(word or "", State.WAITING)


def _message(node: Any) -> str:
    """What is said to be wrong with a run or node: its error, or the last one of its history."""
    if node.error is not None and node.error.message:
        return node.error.message
    history = [status.error for status in node.state_history or [] if status.error is not None]
    return next((error.message for error in reversed(history) if error.message), "")
