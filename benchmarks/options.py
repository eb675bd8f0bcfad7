"""Options that every benchmark has."""

from __future__ import annotations

import os
from pathlib import Path

import click


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
