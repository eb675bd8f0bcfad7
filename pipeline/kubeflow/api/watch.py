"""Waits for a run to end, cancels one, and says what its end means."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.cli_options import GOES_ON
from pipeline.kubeflow.api.connection import Connection
from pipeline.kubeflow.api.errors import ApiError
from pipeline.kubeflow.api.silence import quietly
from pipeline.kubeflow.api.tasks import RunStatus, run_status
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.settings import VERDICT
from pipeline.steps import State
from pipeline.verdict import Verdict


class StillRunningError(KubeflowError):
    """Waiting has ended before the run has, as far as is known; `exit_code` is the command's."""

    def __init__(self, message: str, exit_code: int = GOES_ON) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.report: dict[str, Any] = {}  # what is known of the run, for programs


class Observer(Protocol):
    """Who is told of a run while it is waited for."""

    def seen(self, status: RunStatus) -> None:
        """The run has been looked at."""
        ...

    def away(self, error: ApiError) -> None:
        """The API has begun not to answer; it is asked again."""
        ...


@dataclass(frozen=True)
class Pace:
    """How to wait: seconds between two looks, how long in all, how long without an answer, and by which clock."""

    seconds: float = 5.0
    limit: float | None = None
    outage: float = 900.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


def look(connection: Connection, run_id: str, asked_to_end: bool = False) -> RunStatus:
    """The run now, see `run_status`. Raises KubeflowError where there is no such run."""
    if not run_id.strip():
        raise KubeflowError("the id of the run is empty; give the one that `bertline submit` printed")
    try:
        run: Any = quietly(connection.client.get_run, run_id)
    except ApiError as error:
        raise _named(error, connection, run_id) from error
    return run_status(run, asked_to_end)


def watch(connection: Connection, run_id: str, observer: Observer, pace: Pace | None = None) -> RunStatus:
    """Waits until a run has ended.

    Raises:
        StillRunningError: the time is up.
        KubeflowError: there is no such run, or the API cannot be asked any more.
    """
    pace = pace or Pace()
    started, answered, asked_to_end, is_away = pace.clock(), pace.clock(), False, False
    while True:
        try:
            status = look(connection, run_id, asked_to_end)
        except ApiError as error:
            if not error.may_pass or pace.clock() - answered >= pace.outage:
                raise
            if not is_away:
                observer.away(error)
            is_away = True
        else:
            answered, asked_to_end, is_away = pace.clock(), status.asked_to_end, False
            observer.seen(status)
            if status.state.is_final:
                return status
        remaining = pace.seconds if pace.limit is None else started + pace.limit - pace.clock()
        if remaining <= 0:
            raise StillRunningError(f"the run has not ended within {pace.limit:g} s; {how_to_go_on(run_id)}")
        pace.sleep(min(pace.seconds, remaining))


def cancel(connection: Connection, run_id: str) -> RunStatus:
    """Asks a run to end, and answers how it was found. Raises KubeflowError where it has ended, or there is none."""
    status = look(connection, run_id)
    if status.state.is_final:
        raise KubeflowError(f"the run {run_id} has ended already ({status.api_state}); there is nothing to cancel")
    quietly(connection.client.terminate_run, run_id)
    return status


def how_to_go_on(run_id: str) -> str:
    """What to do with a run that goes on without us."""
    return f"it goes on: `bertline watch {run_id}` looks at it, `bertline cancel {run_id}` ends it"


def exit_code(status: RunStatus) -> int:
    """What the command exits with: 0 for a good end, 3 where the model was NOT BLESSED, 1 for any other end."""
    if status.state is State.DONE:
        return 0
    return Verdict.NOT_BLESSED.exit_code if is_not_blessed(status) else Verdict.STOPPED.exit_code


def is_not_blessed(status: RunStatus) -> bool:
    """Whether all went well but the last step's own program, which fails a run whose model is not good enough.

    The API tells no exit code: that it failed for another reason, such as a lost node, cannot be told apart.
    """
    failed = [(task.name, task.failed_in) for task in status.failed]
    return status.state is State.FAILED and failed == [(VERDICT, "executor")]


def sentence(status: RunStatus) -> str:
    """How a run ended."""
    if is_not_blessed(status):
        return f"NOT BLESSED: {VERDICT} failed, as it does where the model is not good enough; its log says why"
    if status.state is State.DONE:
        return "SUCCEEDED"
    if status.state is State.CANCELLED:
        return "CANCELLED: the run was asked to end"
    reasons = [f"{task.name} failed{' in its driver' * (task.failed_in == 'driver')}" for task in status.failed]
    if reasons:
        reasons = [f"{', '.join(reasons)}; the API gives no reason: look at the pod's log"]
    return ": ".join([status.api_state, *(reasons or ([status.message] if status.message else []))])


def _named(error: ApiError, connection: Connection, run_id: str) -> Exception:
    if error.status not in (400, 404):
        return error
    return KubeflowError(
        f"there is no run {run_id} at {connection.host}; give the id that `bertline submit` printed, or look in the "
        "user interface"
    )
