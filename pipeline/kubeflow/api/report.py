"""What the verbs leave for programs to read, in JSON, and for people, in tables."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from pipeline.kubeflow.api.schedule import Schedule
from pipeline.kubeflow.api.submit import SubmittedRun
from pipeline.kubeflow.api.tasks import RunStatus, Task
from pipeline.kubeflow.api.watch import exit_code, is_not_blessed
from pipeline.kubeflow.errors import KubeflowError

STANDARD_OUTPUT = Path("-")


def check_can_write(path: Path | None) -> None:
    """Raises KubeflowError, before anything is done, where there is no such folder."""
    if path is None or path == STANDARD_OUTPUT:
        return
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise KubeflowError(f"--json {path} cannot be written: no folder {path.parent} to write to; give another file")


def write_json(value: Any, path: Path) -> None:
    """Writes a JSON value, so that a reader never meets half of it; `-` is standard output."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    if path == STANDARD_OUTPUT:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise KubeflowError(f"--json {path} cannot be written: {error.strerror}; give another file") from error


def run_as_json(run: SubmittedRun | None, status: RunStatus | None, url: str) -> dict[str, Any]:
    """A run, as far as is known: `state` is the API's word, `exit_code` None until it has ended."""
    now = datetime.now(timezone.utc)
    ended = status is not None and status.state.is_final
    return {
        "run_id": run.run_id if run is not None else status.run_id if status is not None else None,
        "name": run.name if run is not None else status.name if status is not None else None,
        "url": url,
        "experiment": run.experiment if run is not None else None,
        "version": asdict(run.version) if run is not None else None,
        "state": status.api_state if status is not None else None,
        "not_blessed": is_not_blessed(status) if status is not None and ended else None,
        "exit_code": exit_code(status) if status is not None and ended else None,
        "message": status.message if status is not None else "",
        "steps": {task.name: _task_as_json(task, now) for task in status.tasks} if status is not None else {},
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
            Text("on", "green") if schedule.enabled else Text("paused", "yellow"),
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
        "message": task.message,
        "pods": list(task.pods),
    }
