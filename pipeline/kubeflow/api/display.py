"""The steps of a run on a cluster: a live table on a terminal, a line a change where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipeline.kubeflow.api.tasks import RunStatus, State, Task

_STYLES = {
    State.WAITING: "dim",
    State.RUNNING: "bold cyan",
    State.DONE: "green",
    State.CACHED: "blue",
    State.SKIPPED: "dim",
    State.FAILED: "bold red",
    State.CANCELLED: "yellow",
}
_LONG_IN_WAITING = 300.0  # seconds after which a step is said to wait for something


class RunDisplay:
    """Shows a run as it goes on. `namespace` is where its pods are, for the hints."""

    def __init__(self, console: Console, namespace: str | None) -> None:
        self._console, self._namespace = console, namespace or "kubeflow"
        self._status: RunStatus | None = None
        self._told: dict[str, State] = {}
        self._hinted: set[str] = set()

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Shows everything that happens inside the block."""
        if not self._console.is_terminal:
            yield
            return
        live = Live(
            get_renderable=self._render, console=self._console, refresh_per_second=4,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        with live:
            yield

    def seen(self, status: RunStatus) -> None:
        """The run has been looked at."""
        self._status = status
        for task in status.tasks:
            if not self._console.is_terminal and self._told.get(task.name) is not task.state:
                self._tell(task)
            self._told[task.name] = task.state
            self._hint(task)

    def _tell(self, task: Task) -> None:
        if task.state is not State.WAITING:
            taken = _duration(task) if task.state.is_final else ""
            self._console.print(f"{task.name:<18} {task.state.value:<9} {taken}".rstrip(), soft_wrap=True)

    def _hint(self, task: Task) -> None:
        """Says once where to look why a step's pod does not start: the API tells nothing of it."""
        waited = 0.0 if task.pod_wanted is None else (_now() - task.pod_wanted).total_seconds()
        if waited >= _LONG_IN_WAITING and task.name not in self._hinted:
            self._hinted.add(task.name)
            pod = task.pods[0] if task.pods else "POD"
            self._console.print(
                f"{task.name} has been waiting for {waited / 60:.0f} minutes; `kubectl -n {self._namespace} describe "
                f"pod {pod}` says for what: an image that cannot be pulled, or a node with room",
                soft_wrap=True,
            )

    def _render(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("step")
        table.add_column("state")
        table.add_column("time", justify="right")
        for task in self._status.tasks if self._status is not None else ():
            table.add_row(task.name, Text(task.state.value, _STYLES[task.state]), _duration(task))
        return table


def _duration(task: Task) -> str:
    seconds = task.seconds(_now())
    if seconds is None or task.state is State.WAITING:
        return ""
    return f"{seconds:.0f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))


def _now() -> datetime:
    return datetime.now(timezone.utc)
