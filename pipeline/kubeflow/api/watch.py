"""Waits for a run to end, cancels one, and says what its end means."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.kubeflow.api.connection import Connection
from pipeline.kubeflow.api.errors import ApiError
from pipeline.kubeflow.api.silence import quietly
from pipeline.kubeflow.api.tasks import RunStatus, State, exit_code_of, run_status
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.settings import VERDICT
from pipeline.verdict import Verdict

_NO_IMAGE = re.compile(r"ImagePullBackOff|ErrImagePull|InvalidImageName|ErrImageNeverPull")
_IMAGE = re.compile(r'image "([^"]+)"')


class StillRunningError(KubeflowError):
    """Waiting has ended before the run has."""


@dataclass(frozen=True)
class Pace:
    """How to wait: seconds between two looks, how long in all, how many looks in a row may fail, and by which clock."""

    seconds: float = 5.0
    limit: float | None = None
    failures: int = 20
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


def look(connection: Connection, run_id: str) -> RunStatus:
    """The run now. Raises KubeflowError where there is no such run."""
    try:
        run: Any = quietly(connection.client.get_run, run_id)
    except ApiError as error:
        raise _named(error, connection, run_id) from error
    return run_status(run)


def watch(
    connection: Connection, run_id: str, seen: Callable[[RunStatus], None], pace: Pace | None = None
) -> RunStatus:
    """Waits until a run has ended.

    Args:
        connection: where it runs.
        run_id: which.
        seen: told at each look.
        pace: of the looks.

    Raises:
        StillRunningError: the time is up, or a step waits for an image that cannot be had.
        KubeflowError: there is no such run, or the API cannot be asked any more.
    """
    pace = pace or Pace()
    started, failures = pace.clock(), 0
    while True:
        try:
            status = look(connection, run_id)
        except ApiError as error:
            failures += 1
            if not error.may_pass or failures > pace.failures:
                raise
        else:
            failures = 0
            seen(status)
            if status.state.is_final:
                return status
            check_images(status)
        if pace.limit is not None and pace.clock() - started >= pace.limit:
            raise StillRunningError(f"the run has not ended within {pace.limit:g} s; {how_to_go_on(run_id)}")
        pace.sleep(pace.seconds)


def cancel(connection: Connection, run_id: str) -> RunStatus:
    """Ends a run, and answers how it was found. Raises KubeflowError where it has ended already, or there is none."""
    status = look(connection, run_id)
    if status.state.is_final:
        raise KubeflowError(f"the run {run_id} has ended already ({status.api_state}); there is nothing to cancel")
    quietly(connection.client.terminate_run, run_id)
    return status


def check_images(status: RunStatus) -> None:
    """Raises StillRunningError where the API says of a step that its image cannot be had: it would wait for ever."""
    for name, message in status.messages:
        if _NO_IMAGE.search(message):
            image = _IMAGE.search(message)
            raise StillRunningError(
                f"{name or 'a step'} waits for the image {image[1] if image else '(not named)'}, which cannot be "
                f"pulled ({' '.join(message.split())}); mend kubeflow.image or kubeflow.image_pull_secrets and submit "
                f"anew; {how_to_go_on(status.run_id)}"
            )


def how_to_go_on(run_id: str) -> str:
    """What to do with a run that goes on without us."""
    return f"it goes on: `bertline watch {run_id}` looks at it, `bertline cancel {run_id}` ends it"


def exit_code(status: RunStatus) -> int:
    """What the command exits with: 0 for a good end, 3 where the model was NOT BLESSED, 1 for any other end."""
    if status.state is State.DONE:
        return 0
    return Verdict.NOT_BLESSED.exit_code if is_not_blessed(status) else Verdict.STOPPED.exit_code


def is_not_blessed(status: RunStatus) -> bool:
    """Whether all went well but the last step, which fails a run whose model is not good enough."""
    if status.state is not State.FAILED or [task.name for task in status.failed] != [VERDICT]:
        return False
    return exit_code_of(status.failed[0].message) in (None, Verdict.NOT_BLESSED.exit_code)


def sentence(status: RunStatus) -> str:
    """How a run ended."""
    if is_not_blessed(status):
        return f"NOT BLESSED: the model is not good enough, and was not pushed; the log of {VERDICT} says why"
    if status.state is State.DONE:
        return "SUCCEEDED"
    reasons = [f"{task.name} failed{f' ({task.message})' if task.message else ''}" for task in status.failed]
    if not reasons and status.message:
        reasons = [status.message]
    return ": ".join([status.api_state, *(["; ".join(reasons)] if reasons else [])])


def _named(error: ApiError, connection: Connection, run_id: str) -> Exception:
    if error.status not in (400, 404):
        return error
    return KubeflowError(
        f"there is no run {run_id} at {connection.host}; give the id that `bertline submit` printed, or look in the "
        "user interface"
    )
