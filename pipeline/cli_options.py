"""What the verbs of the command have in common. Imports nothing heavy."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import NoReturn

import click

from components.errors import BertlineError, ConfigError
from components.page.excerpts import visible_lines

STOPPED = 1
USAGE_ERROR = 2
GOES_ON = 4  # what was waited for has not ended
INTERRUPTED = 130  # as shells have it: 128 and the number of SIGINT

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)
NEW_FILE_OR_STANDARD = click.Path(dir_okay=False, allow_dash=True, path_type=Path)

_overrides = click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Override a setting: training.epochs=2."
)
_layers = click.option(
    "--with",
    "layers",
    metavar="FILE",
    multiple=True,
    help="Lay the sections of a YAML file over the task, before --set; several in their order.",
)


def layers_and_overrides(command: click.decorators.FC) -> click.decorators.FC:
    """Gives a verb the options --with and --set, as its parameters `layers` and `overrides` (tuples of texts)."""
    return _layers(_overrides(command))


def config_arguments(command: click.decorators.FC) -> click.decorators.FC:
    """Gives a verb the argument CONFIG, as its parameter `config`, and the options of `layers_and_overrides`."""
    return click.argument("config", metavar="CONFIG")(layers_and_overrides(command))


def need_pipeline(package: str = "TFX") -> None:
    """Refuses to go on where pip brought the light client only."""
    if importlib.util.find_spec(package.lower()) is None:
        refuse(
            ConfigError(
                f"{package} is not installed (pip brings the light client only); run `make setup` in a checkout"
            )
        )


def refuse(error: BertlineError, exit_code: int = USAGE_ERROR) -> NoReturn:
    """Tells a mistake and ends the process."""
    click.secho(f"error: {visible_lines(str(error))}", fg="red", err=True)
    sys.exit(exit_code)
