"""What the verbs leave for programs to read, in JSON, and for people, in tables."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.table import Table
from rich.text import Text

from components.whole_file import write_whole
from pipeline.kubeflow.api.schedule import ERROR, ON, PAUSED, Schedule
from pipeline.kubeflow.api.submit import Prepared
from pipeline.kubeflow.api.tasks import RunStatus, Task
from pipeline.kubeflow.api.watch import exit_code, is_not_blessed
from pipeline.kubeflow.errors import KubeflowError
from pipeline.quiet import abandon
from pipeline.steps import State

STANDARD_OUTPUT = Path("-")
_STYLES = {ON: "green", PAUSED: "yellow", ERROR: "bold red"}


def check_can_write(path: Path | None) -> None:
    """Raises KubeflowError, before anything is done, where there is no such folder."""
    if path is None or path == STANDARD_OUTPUT:
        return
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise KubeflowError(f"--json {path} cannot be written: no folder {path.parent} to write to; give another file")


def write_json(value: Any, path: Path | None) -> None:
    """Writes a JSON value, so that a reader never meets half of it; `-` is standard output, None is nowhere."""
    if path is None:
        return
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    try:
        if path == STANDARD_OUTPUT:
            click.echo(text, nl=False)
        else:
            write_whole(path, text)
    except BrokenPipeError:  # nobody reads
        abandon(sys.stdout)
    except OSError as error:
        raise KubeflowError(f"--json {path} cannot be written: {error.strerror}; give another file") from error


def run_as_json(
    run_id: str | None, url: str | None, prepared: Prepared | None, status: RunStatus | None
) -> dict[str, Any]:
    """A run, as far as is known: `state` is the API's word, `exit_code` None until it has ended."""
    now, ended = datetime.now(timezone.utc), status if status is not None and status.state.is_final else None
    known = prepared or status
    return {
        "run_id": run_id,
        "name": known and known.name,
        "url": url,
        "experiment": prepared and prepared.experiment.name,
        "version": prepared and asdict(prepared.version),
        "state": status and status.api_state,
        "cancelled": ended and ended.state is State.CANCELLED,
        "not_blessed": ended and is_not_blessed(ended),
        "exit_code": ended and exit_code(ended),
        "message": status.message if status else "",
        "steps": {task.name: _task_as_json(task, now) for task in status.tasks} if status else {},
    }


def schedule_as_json(schedule: Schedule) -> dict[str, Any]:
    """A schedule with its next times."""
    return asdict(schedule) | {"next": [time.isoformat() for time in schedule.next_times()]}


def schedules_table(schedules: list[Schedule]) -> Table:
    """A row a schedule."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("schedule", "cron (seconds first)", "state", "next (UTC)", "at once", "catch up", "id"):
        table.add_column(name, overflow="fold")
    for schedule in schedules:
        following = schedule.next_times()
        table.add_row(
            Text(schedule.name),
            schedule.cron or "by intervals",
            Text(f"{schedule.state}{': ' if schedule.error else ''}{schedule.error}", _STYLES[schedule.state]),
            f"{following[0]:%Y-%m-%d %H:%M}" if following else "",
            str(schedule.concurrency),
            "yes" if schedule.catchup else "no",
            schedule.schedule_id,
        )
    return table


def _task_as_json(task: Task, now: datetime) -> dict[str, Any]:
    seconds = task.seconds(now)
    return {
        "state": task.state.value,
        "seconds": None if seconds is None else round(seconds, 1),
        "failed_in": task.failed_in,
        "pods": list(task.pods),
    }
