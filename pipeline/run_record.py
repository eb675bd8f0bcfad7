"""The record that every run keeps of itself: `reports/RUN/run.json` in the task's folder, beside its report."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REPORTS = "reports"
RECORD_FILE, REPORT_FILE, NUMBERS_FILE = "run.json", "report.html", "report.json"


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Writes `run.json` into the folder so that a reader never meets half of it. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{RECORD_FILE}.{os.getpid()}"
    partial.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(folder / RECORD_FILE)
