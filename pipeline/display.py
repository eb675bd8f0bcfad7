"""The live table of a run's steps on a terminal; a line a step where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from components.progress import Progress, listening
from pipeline.progress_lines import ProgressLines
from pipeline.steps import State, Step

STYLES = {
    State.WAITING: "dim",
    State.RUNNING: "bold cyan",
    State.DONE: "green",
    State.CACHED: "blue",
    State.SKIPPED: "dim",
    State.FAILED: "bold red",
    State.CANCELLED: "bold yellow",
}
_LINES_PER_STEP = 10  # how many progress lines a long step prints where there is no terminal


@contextmanager
def busy(console: Console, doing: str) -> Iterator[None]:
    """Shows on a terminal that something is being done, for as long as the block takes."""
    with live(console, Spinner("dots", text=doing), transient=True):
        yield


def live(console: Console, *renderables: RenderableType, **settings: Any) -> Live:
    """A live display that leaves standard output and error alone: they go to the log, not above the display."""
    return Live(
        *renderables, console=console, refresh_per_second=4, redirect_stdout=False, redirect_stderr=False, **settings
    )


class Display:
    """Shows the steps of a run as they start and end, and the progress of the one that is running."""

    def __init__(self, console: Console, steps: list[Step]) -> None:
        self._console, self._steps = console, steps
        self._bar = ProgressBar(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]} {task.fields[figures]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=console,
        )
        self._lines, self._unit = ProgressLines(console, _LINES_PER_STEP), ""

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Shows everything that happens inside the block."""
        with listening(self._progressed):
            if not self._console.is_terminal:
                yield
                return
            with live(self._console, get_renderable=self._render):
                yield

    def changed(self, step: Step) -> None:
        """A step has started or ended."""
        self._draw_anew("")
        self._lines.begin()
        if step.state is not State.RUNNING and not self._console.is_terminal:
            self._console.print(f"{step.name:<18} {step.state.value:<7} {step.elapsed or 0.0:6.1f} s")

    def _draw_anew(self, unit: str) -> None:
        """Another step, or another part of one, which counts in other units."""
        for task in self._bar.task_ids:
            self._bar.remove_task(task)
        self._unit = unit

    def _progressed(self, progress: Progress) -> None:
        if progress.unit != self._unit:  # its lines go on: ten a step, whatever it counts
            self._draw_anew(progress.unit)
        figures = "  ".join(f"{name} {value:.4g}" for name, value in progress.figures.items())
        if self._console.is_terminal:
            if not self._bar.task_ids:
                self._bar.add_task(self._running(), total=progress.total, unit=progress.unit, figures=figures)
            self._bar.update(self._bar.task_ids[0], completed=progress.done, figures=figures)
        else:
            self._lines.show(progress, figures)

    def _running(self) -> str:
        return next((step.name for step in self._steps if step.state is State.RUNNING), "")

    def _render(self) -> RenderableType:
        table = steps_table((step.name, step.state, step.elapsed or 0.0) for step in self._steps)
        return Group(table, self._bar) if self._bar.task_ids else table


def steps_table(steps: Iterable[tuple[str, State, float]]) -> Table:
    """A row a step: its name, its state, and the seconds it has taken."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("step")
    table.add_column("state")
    table.add_column("time", justify="right")
    for name, state, seconds in steps:
        table.add_row(name, Text(state.value, STYLES[state]), "" if state is State.WAITING else duration(seconds))
    return table


def duration(seconds: float) -> str:
    """Seconds in words."""
    return f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))
