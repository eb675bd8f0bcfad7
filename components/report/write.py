"""Writes the report of a run: a page, and its numbers beside it."""

from __future__ import annotations

import os
from pathlib import Path

from components import strict_json
from components.report.collect import collect
from components.report.page import render
from components.report.told import Told


def write(run: Told, page: Path) -> Path:
    """Writes the page, and beside it its numbers under the same name, ending in `.json`; gives the page's path.

    A reader never meets half of either. Raises OSError where they cannot be written.
    """
    numbers = collect(run)
    page.parent.mkdir(parents=True, exist_ok=True)
    _replace(page.with_suffix(".json"), strict_json.dumps(numbers) + "\n")
    _replace(page, render(numbers))
    return page


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
