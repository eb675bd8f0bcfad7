"""The record that every run keeps of itself: `reports/RUN/run.json` in the task's folder, beside its report."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from components.whole_file import write_whole

_PACKAGES = ("bertline", "tfx", "tensorflow")

RECORD_FILE, REPORT_FILE, NUMBERS_FILE = "run.json", "report.html", "report.json"
PRUNED_FILE = "pruned.json"  # in place of all three: the line of a run that only its record told of


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Writes `run.json` into the folder so that a reader never meets half of it. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / RECORD_FILE, json.dumps(record, indent=2, ensure_ascii=False) + "\n")


def versions() -> dict[str, str]:
    """Of what a run is computed with; what is not installed as a package is left out."""
    found = {}
    for name in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found
