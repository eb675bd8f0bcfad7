"""The `bertline` command: parses, then imports what the verb needs. `--help` must not wait for TensorFlow."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click

from components.errors import BertlineError, ConfigError

_USAGE_ERROR = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="bertline", message="%(prog)s %(version)s")
def main() -> None:
    """Keeps a BERT text classifier in production: ingests, checks, trains, gates, publishes."""
    if importlib.util.find_spec("tfx") is None:
        _refuse(ConfigError("TFX is not installed (pip brings the light client only); run `make setup` in a checkout"))


def _config_arguments(command: click.decorators.FC) -> click.decorators.FC:
    override = click.option(
        "--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Override a setting: training.epochs=2."
    )
    return click.argument("config", metavar="CONFIG")(override(command))


@main.command(short_help="Run the pipeline of a task on this machine.")
@_config_arguments
@click.option("--summary", type=click.Path(dir_okay=False, path_type=Path), help="Write the outcome as JSON.")
def run(config: str, overrides: tuple[str, ...], summary: Path | None) -> None:
    """Run the pipeline of CONFIG, a task's name (demo) or a YAML file, on this machine.

    Exits with 0 if the model was PUSHED or is UNCHANGED, 3 if it was NOT BLESSED, 1 if the run STOPPED, and 2 if it
    could not begin.
    """
    from pipeline.config_file import load_config
    from pipeline.local_run import run as run_locally

    try:
        outcome = run_locally(load_config(config, overrides), summary)
    except BertlineError as error:
        if summary is not None:
            with contextlib.suppress(ConfigError):  # which may be that very error: the file cannot be written
                _write_refusal(summary, config, error)
        _refuse(error)
    sys.exit(outcome.verdict.exit_code)


@main.group("config")
def config_group() -> None:
    """Look at configurations."""


@config_group.command("show")
@_config_arguments
def config_show(config: str, overrides: tuple[str, ...]) -> None:
    """Print CONFIG with every default written out, or what is wrong with it."""
    from pipeline.config_file import dump_config, load_config

    try:
        click.echo(dump_config(load_config(config, overrides)), nl=False)
    except BertlineError as error:
        _refuse(error)


@config_group.command("list")
def config_list() -> None:
    """Print the names of the tasks that come with bertline."""
    from pipeline.config_file import task_names

    click.echo("\n".join(task_names()))


def _refuse(error: BertlineError) -> NoReturn:
    click.secho(f"error: {error}", fg="red", err=True)
    sys.exit(_USAGE_ERROR)


def _write_refusal(path: Path, config: str, error: BertlineError) -> None:
    from pipeline.summary import Run, summarise, write_summary
    from pipeline.verdict import stopped

    started = datetime.now().astimezone().isoformat(timespec="seconds")
    write_summary(summarise(Run(config, "", started), stopped(str(error)), 0.0), path)
