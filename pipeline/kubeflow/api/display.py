"""The steps of a run on a cluster: a live table on a terminal, a line a change where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

from rich.console import Console
from rich.table import Table

from pipeline.display import duration, live, steps_table
from pipeline.kubeflow.api.errors import ApiError
from pipeline.kubeflow.api.tasks import RunStatus, Task
from pipeline.steps import State

_LONG_IN_WAITING = 300.0  # seconds after which, each time, a step is said to wait for something


class RunDisplay:
    """Shows a run as it goes on.

    Args:
        console: where.
        namespace: that its pods are in, for the hints.
        image: that its steps run, for the hints; None where it is not known.

    Attributes:
        status: the run when it was last looked at, None before.
    """

    def __init__(self, console: Console, namespace: str | None, image: str | None = None) -> None:
        self._console, self._namespace, self._image = console, namespace or "kubeflow", image
        self.status: RunStatus | None = None
        self._told: dict[str, State] = {}
        self._hints: dict[str, int] = {}
        self._last_seen = _now()

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Shows everything that happens inside the block."""
        if not self._console.is_terminal:
            yield
            return
        with live(self._console, get_renderable=self._render):
            yield

    def seen(self, status: RunStatus) -> None:
        """The run has been looked at."""
        self.status, self._last_seen = status, _now()
        for task in status.tasks:
            if not self._console.is_terminal and self._told.get(task.name) is not task.state:
                self._tell(task)
            self._told[task.name] = task.state
            self._hint(task)

    def away(self, error: ApiError) -> None:
        """The API has begun not to answer."""
        self._print(f"the API does not answer since {self._last_seen:%H:%M:%S} UTC, and is asked again ({error})")

    def _tell(self, task: Task) -> None:
        if task.state is not State.WAITING:
            taken = duration(_seconds(task)) if task.state.is_final else ""
            self._print(f"{task.name:<18} {task.state.value:<9} {taken}".rstrip())

    def _hint(self, task: Task) -> None:
        """Says where to look why a step's pod does not start: the API tells nothing of it."""
        waited = 0.0 if task.pod_wanted is None else (_now() - task.pod_wanted).total_seconds()
        hints = int(waited // _LONG_IN_WAITING)
        if hints > self._hints.get(task.name, 0):
            image = f"the image {self._image}" if self._image else "an image"
            self._print(
                f"{task.name} has been waiting for {waited / 60:.0f} minutes; the API gives no reason, but `kubectl -n "
                f"{self._namespace} describe pod {task.pods[0]}` does: {image} that cannot be pulled, or no node with "
                "room"
            )
        self._hints[task.name] = hints

    def _print(self, line: str) -> None:
        self._console.print(line, soft_wrap=True)

    def _render(self) -> Table:
        tasks = self.status.tasks if self.status is not None else ()
        return steps_table((task.name, task.state, _seconds(task)) for task in tasks)


def _seconds(task: Task) -> float:
    return task.seconds(_now()) or 0.0


def _now() -> datetime:
    return datetime.now(timezone.utc)
