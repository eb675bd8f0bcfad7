"""Writes the report of a run: a page, and its numbers beside it."""

from __future__ import annotations

from pathlib import Path

from components import strict_json
from components.report.collect import collect
from components.report.page import render
from components.report.told import Told
from components.whole_file import write_whole


def write(run: Told, page: Path) -> Path:
    """Writes the page, and beside it its numbers under the same name, ending in `.json`; gives the page's path.

    A reader never meets half of either. Raises OSError where they cannot be written.
    """
    numbers = collect(run)
    page.parent.mkdir(parents=True, exist_ok=True)
    write_whole(page.with_suffix(".json"), strict_json.dumps(numbers) + "\n")
    write_whole(page, render(numbers))
    return page
