"""Options that every benchmark has."""

from __future__ import annotations

import os
from pathlib import Path

import click


def numbers_of_rows(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[int, ...]:
    """An option's numbers with commas between; none where it is empty."""
    try:
        numbers = tuple(int(part) for part in value.split(",") if part)
    except ValueError as error:
        raise click.BadParameter("give numbers of rows with commas between, such as 50000,500000") from error
    if any(number < 1 for number in numbers):
        raise click.BadParameter("give numbers of rows above 0")
    return numbers


def _writable(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    """Refuses at once what could not be written after all the measuring."""
    if value is None:
        return None
    folder = value.absolute().parent
    if not folder.is_dir():
        raise click.BadParameter(f"there is no folder {folder}; make it, or give another path")
    if not os.access(folder, os.W_OK):
        raise click.BadParameter(f"{folder} cannot be written; give another path")
    return value


json_option = click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    callback=_writable,
    help="Also write all figures to this file.",
)
