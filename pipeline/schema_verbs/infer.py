"""`bertline schema infer`: writes a schema for the data of a task."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from components.errors import ConfigError
from pipeline.config import Config
from pipeline.data.looking import looking
from pipeline.data.writable import check_writable
from pipeline.quiet import QuietConsole
from pipeline.schema_verbs.measured import measure

_STANDARD_OUTPUT = Path("-")


def infer_schema(config: Config, output: Path, force: bool = False) -> None:
    """Writes the schema to a file, or to standard output where the file is `-`; all else goes to standard error.

    Args:
        config: the task.
        output: the file.
        force: whether a file that is there may be overwritten.

    Raises:
        BertlineError: the data cannot be read, or the file not written.
    """
    _check_output(output, force)
    with _telling() as console, looking(config, "schema-infer") as (_, folder):
        statistics, _ = measure(config, folder, console)
        from components.curated_schema.infer import infer

        text = infer(
            statistics, config.labels.kind, config.labels.names, config.data.max_characters, config.pipeline.name
        )
    if output == _STANDARD_OUTPUT:
        click.echo(text, nl=False)
        return
    try:
        output.expanduser().write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--output {output} cannot be written: {error}; give another path") from error
    click.echo(f"{output}: review it, and name it in the configuration: schema: {output}", err=True)


def _check_output(output: Path, force: bool) -> None:
    """Before any work, which takes minutes."""
    if output == _STANDARD_OUTPUT:
        return
    check_writable("--output", output, "schema.pbtxt")
    if output.expanduser().exists() and not force:
        raise ConfigError(f"--output {output} is there already; give another path, or --force to overwrite it")


@contextmanager
def _telling() -> Iterator[Console]:
    """A console on what standard error is now: inside `looking` it is a log."""
    sys.stderr.flush()
    with os.fdopen(os.dup(2), "w", encoding="utf-8") as terminal:
        yield QuietConsole(file=terminal, markup=False, highlight=False)
