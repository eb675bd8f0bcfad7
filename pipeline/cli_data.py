"""`bertline data`: a task's data, before any run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from components.errors import BertlineError
from pipeline.cli_options import NEW_FILE, STOPPED, config_arguments, need_pipeline, refuse

if TYPE_CHECKING:
    from pipeline.config import Config

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group("data")
def data_group() -> None:
    """Fetch, check and look at a task's data."""
    need_pipeline()


@data_group.command("fetch")
@config_arguments
@click.option("--from", "origin", metavar="ORIGIN", help="stanford, kaggle, archive.org, a URL or a path.")
@click.option("--to", "folder", type=_FOLDER, help="Folder for the files.  [default: data/SOURCE]")
def fetch_command(
    config: str, layers: tuple[str, ...], overrides: tuple[str, ...], origin: str | None, folder: Path | None
) -> None:
    """Download the data of CONFIG, a task's name (imdb) or a YAML file; what is interrupted goes on where it was."""
    from pipeline.data.fetch import fetch

    try:
        fetch(_load(config, layers, overrides), origin, folder)
    except BertlineError as error:
        refuse(error, STOPPED)


@data_group.command("check")
@config_arguments
def check_command(config: str, layers: tuple[str, ...], overrides: tuple[str, ...]) -> None:
    """Read and judge the data of CONFIG as a run would.

    Exits with 0 if a run would go on to training, 1 if it would stop, and 2 if it could not begin.
    """
    from pipeline.data.check import check

    try:
        passes = check(_load(config, layers, overrides))
    except BertlineError as error:
        refuse(error)
    sys.exit(0 if passes else STOPPED)


@data_group.command("show")
@config_arguments
@click.option("--html", type=NEW_FILE, help="Write the page with all figures here, too.")
def show_command(config: str, layers: tuple[str, ...], overrides: tuple[str, ...], html: Path | None) -> None:
    """Draw what there is in the data of CONFIG: labels, lengths, tokens, samples, duplicates."""
    from pipeline.data.show import show

    try:
        show(_load(config, layers, overrides), html)
    except BertlineError as error:
        refuse(error)


def _load(config: str, layers: tuple[str, ...], overrides: tuple[str, ...]) -> Config:
    from pipeline.config_file import load_config

    return load_config(config, overrides, layers)
