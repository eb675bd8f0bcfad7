"""`bertline runs`: the runs below a folder, newest first, as a table and as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.page.excerpts import visible, visible_lines
from pipeline.history.live import going_on, is_search
from pipeline.history.rebuild import INTERRUPTED, RUNNING, UNREADABLE, PastRun, past_run
from pipeline.history.record import recorded_runs
from pipeline.history.row import Row, is_pruned, pruned_files, pruned_rows, row_of
from pipeline.history.store import homes, read_home
from pipeline.home import RUN_ID_FORMAT
from pipeline.run_store import Stored
from pipeline.summary import STYLES

_STATE_STYLES = {verdict.value: style for verdict, style in STYLES.items()} | {
    RUNNING: "bold cyan",
    INTERRUPTED: "bold magenta",
    UNREADABLE: "bold red",
}
_LONGEST_REASON = 200


def list_runs(root: Path, task: str | None, limit: int | None) -> list[Row]:
    """The runs of a task, or of all tasks, newest first.

    Args:
        root: the folder below which tasks keep their runs.
        task: whose, None for all.
        limit: how many at most.

    Raises:
        ConfigError: there is no such folder or task, or a store cannot be read.
    """
    rows = [row for home in homes(root, task) for row in _rows(home)]
    newest_first = sorted(rows, key=lambda row: (datetime.fromisoformat(row.started), row.run_id), reverse=True)
    return newest_first[:limit]


def past_runs(home: Path, stored: Stored, live: str | None = None) -> list[PastRun]:
    """The runs of a task that were not pruned, oldest first.

    Args:
        home: the folder of the task's runs.
        stored: what its store has.
        live: the id of the run that goes on now.
    """
    known = {run.run_id for run in stored.runs} | {file.parent.name for file in pruned_files(home)}
    of_store = [run for run in stored.runs if not is_pruned(run) and not is_search(home, run.run_id)]
    past = [past_run(home, stored, run, live) for run in of_store]
    past += [past_run(home, stored, run_id, live) for run_id in recorded_runs(home) if run_id not in known]
    return sorted(past, key=lambda one: (one.began, one.run.run_id))


def print_rows(console: Console, rows: Sequence[Row], root: Path) -> None:
    """Prints the table, and below it which files are damaged."""
    if not rows:
        console.print(f"no run was begun below {root}", soft_wrap=True)
        return
    console.print(_table(rows))
    for row in rows:
        if row.state == UNREADABLE and not row.pruned:
            console.print(Text(visible(f"note: {row.task}/{row.run_id}: {'; '.join(row.reasons)}")), soft_wrap=True)


def as_json(rows: Sequence[Row]) -> dict[str, object]:
    """The rows as a JSON value."""
    return {"runs": [dataclasses.asdict(row) for row in rows]}


def _rows(home: Path) -> list[Row]:
    live, stored = going_on(home), read_home(home)
    return pruned_rows(home, stored) + [row_of(past) for past in past_runs(home, stored, live)]


def _table(rows: Sequence[Row]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    tasks = len({row.task for row in rows}) > 1
    if tasks:
        table.add_column("task", no_wrap=True)
    table.add_column("run", no_wrap=True)
    for name in ("data", "encoder", "metrics", "verdict"):
        table.add_column(name)
    table.add_column("version", justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*([Text(visible(row.task))] if tasks else []), *_cells(row))
    return table


def _cells(row: Row) -> list[Text]:
    verdict = Text(row.state, _STATE_STYLES.get(row.state, ""))
    if row.reasons and row.state not in (RUNNING, INTERRUPTED, UNREADABLE):
        verdict.append(visible_lines(f"\n{_shortened('; '.join(row.reasons))}"), "dim")
    if row.pruned:
        verdict.append("\npruned", "dim")
    return [
        Text(visible_lines(_name(row))),
        Text(visible_lines(_data(row))),
        Text(visible(_last_part(row.encoder))),
        Text(visible_lines("\n".join(_metric(row, name) for name in row.metrics)) or "none"),
        verdict,
        Text("" if row.version is None else str(row.version)),
    ]


def _name(row: Row) -> str:
    """The beginning of the run's id, which tells the time to the second; of another id, all of it and the time."""
    try:
        datetime.strptime(row.run_id, RUN_ID_FORMAT)
    except ValueError:
        return f"{row.run_id}\n{datetime.fromisoformat(row.started):%Y-%m-%d %H:%M:%S}"
    return row.run_id.partition(".")[0]


def _data(row: Row) -> str:
    """Where the rows came from, and how many they were."""
    place = row.source if row.path is None else row.path
    span = "" if row.span is None else f", span {row.span}"
    counted = "" if row.rows is None else f"\n{row.rows:,} rows"
    return f"{place or 'none'}{span}{counted}"


def _metric(row: Row, name: str) -> str:
    value, interval = row.metrics[name], row.intervals.get(name)
    told = "none" if value is None else f"{value:.4f}"
    return f"{name} {told}" + (f" [{interval[0]:.4f}, {interval[1]:.4f}]" if interval else "")


def _last_part(handle: str | None) -> str:
    """Of a path or URL what tells it from others."""
    if handle is None:
        return "none"
    parts = PurePosixPath(handle).parts
    return handle if len(parts) < 3 else "/".join(["…", *parts[-2:]])


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_REASON else f"{text[: _LONGEST_REASON - 1]}…"
