"""What is seen of a search: a table of its trials, a bar, and the progress of the one that is being trained."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from optuna.trial import FrozenTrial, TrialState
from rich import box
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar
from rich.table import Table
from rich.text import Text

from components.progress import Progress, listening
from pipeline.display import duration, live
from pipeline.progress_lines import ProgressLines
from pipeline.tune.space import Space
from pipeline.tune.study import best_of, reason_of, settings_of

_STATES = {
    TrialState.COMPLETE: ("done", "green"),
    TrialState.PRUNED: ("pruned", "dim"),
    TrialState.FAIL: ("failed", "bold red"),
}
_SHOWN_LIVE = 12
_LINES_PER_TRIAL = 4  # how many progress lines a trial prints where there is no terminal


class Showing:
    """Shows the trials of a search as they end."""

    def __init__(self, console: Console, select_by: str, wanted: int) -> None:
        self._console, self._select_by = console, select_by
        self._trials: list[FrozenTrial] = []
        self._bar = ProgressBar(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]} {task.fields[figures]}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._all = self._bar.add_task("search", total=wanted, unit="trials", figures="")
        self._one: Any = None
        self._lines = ProgressLines(console, _LINES_PER_TRIAL)

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Shows everything that happens inside the block."""
        with listening(self._progressed):
            if not self._console.is_terminal:
                yield
                return
            with live(self._console, get_renderable=self._render, transient=True):
                yield

    def counted(self, trials: Sequence[FrozenTrial]) -> None:
        """So many trials have ended, the last of them just now or in an earlier search."""
        self._trials = list(trials)
        best = best_of(trials, self._select_by)
        figures = "" if best is None else f"best {self._select_by} {best.value:.4f}"
        self._bar.update(self._all, completed=len(trials), figures=figures)
        if self._one is not None:
            self._bar.remove_task(self._one)
        self._one = None
        self._lines.begin()

    def ended(self, trial: FrozenTrial) -> None:
        """A trial has ended just now."""
        if not self._console.is_terminal:
            self._console.print(line_of(trial, self._select_by), soft_wrap=True)

    def _progressed(self, progress: Progress) -> None:
        figures = "  ".join(f"{name} {value:.4g}" for name, value in progress.figures.items())
        if self._console.is_terminal:
            if self._one is None:
                self._one = self._bar.add_task("  trial", total=progress.total, unit=progress.unit, figures="")
            self._bar.update(self._one, completed=progress.done, total=progress.total, figures=figures)
        else:
            self._lines.show(progress, figures)

    def _render(self) -> RenderableType:
        if not self._trials:
            return self._bar
        return Group(trials_table(self._trials[-_SHOWN_LIVE:], self._select_by), self._bar)


def trials_table(trials: Sequence[FrozenTrial], select_by: str) -> Table:
    """A row a trial: its number, what it is worth, how long it took, and its settings."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("trial", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column(f"eval {select_by}", justify="right", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("settings")
    for trial in trials:
        word, style = _STATES[trial.state]
        table.add_row(str(trial.number), Text(word, style), _worth(trial), _seconds(trial), Text(_settings(trial)))
    return table


def line_of(trial: FrozenTrial, select_by: str) -> str:
    """A trial in a line."""
    word, _ = _STATES[trial.state]
    worth = f", eval {select_by} {_worth(trial)}" if _worth(trial) else ""
    reason = f": {reason_of(trial)}" if reason_of(trial) else ""
    return f"trial {trial.number} {word}{worth}, {_seconds(trial)} ({_settings(trial)}){reason}"


def csv_of(trials: Sequence[FrozenTrial], space: Space, select_by: str) -> str:
    """All trials as CSV, in full precision; a pruned one has the value that it was given up at."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["trial", "state", f"eval_{select_by}", "seconds", *space, "reason"])
    for trial in trials:
        seconds = "" if trial.duration is None else round(trial.duration.total_seconds(), 1)
        value, settings = value_of(trial), settings_of(trial)
        writer.writerow(
            [
                trial.number,
                _STATES[trial.state][0],
                "" if value is None else value,
                seconds,
                *(settings.get(key) for key in space),
                reason_of(trial),
            ]
        )
    return table.getvalue()


def value_of(trial: FrozenTrial) -> float | None:
    """What it is worth; of a pruned one the last that was seen of it."""
    if trial.state is TrialState.FAIL:
        return None
    return trial.value if trial.value is not None else trial.intermediate_values.get(trial.last_step or 0)


def shown(value: Any) -> str:
    """A setting's value as it is read."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _settings(trial: FrozenTrial) -> str:
    return ", ".join(f"{key.partition('.')[2]} {shown(value)}" for key, value in settings_of(trial).items())


def _worth(trial: FrozenTrial) -> str:
    value = value_of(trial)
    return "" if value is None else f"{value:.4f}"


def _seconds(trial: FrozenTrial) -> str:
    return "" if trial.duration is None else duration(trial.duration.total_seconds())
