"""The record that every run keeps of itself: `reports/RUN/run.json` in the task's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.home import REPORTS
from pipeline.run_record import RECORD_FILE

Record = dict[str, Any]


def read_record(home: Path, run_id: str) -> Record:
    """The record of a run; empty where it keeps none, as runs of earlier versions do not, or where it is damaged."""
    return read_object(home / REPORTS / run_id, RECORD_FILE) or {}


def recorded_runs(home: Path) -> list[str]:
    """The ids of the runs that keep a record: a run that was ended before its first step has nothing else."""
    return sorted(file.parent.name for file in (home / REPORTS).glob(f"*/{RECORD_FILE}"))


def read_object(folder: Path | str | None, name: str) -> dict[str, Any] | None:
    """The JSON object in a file, None where there is none: what another version left may be missing or otherwise."""
    if folder is None:
        return None
    try:
        value = json.loads(Path(folder, name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
