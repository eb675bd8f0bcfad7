"""`bertline schema`: makes the schema of new data, and compares a schema with its data. Imports nothing heavy."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from components.errors import BertlineError
from pipeline.cli_options import NEW_FILE_OR_STANDARD, STOPPED, config_arguments, need_pipeline, refuse


@click.group("schema")
def schema_group() -> None:
    """Make and review the schema of a task's data."""
    need_pipeline()


@schema_group.command("infer", short_help="Write a schema that allows a task's data.")
@config_arguments
@click.option("--output", type=NEW_FILE_OR_STANDARD, default="-", help="File for the schema; - is standard output.")
@click.option("--force", is_flag=True, help="Overwrite the file of --output.")
def infer(config: str, layers: tuple[str, ...], overrides: tuple[str, ...], output: Path, force: bool) -> None:
    """Write a schema.pbtxt that allows the data of CONFIG, a task's name or a YAML file, with bounds and comparators.

    It is a draft: review it, put it beside the configuration, and name it there as `schema`.
    """
    from pipeline.config_file import load_config

    try:
        loaded = load_config(config, overrides, layers)
        from pipeline.schema_verbs.infer import infer_schema

        infer_schema(loaded, output, force)
    except BertlineError as error:
        refuse(error)


@schema_group.command("diff", short_help="Compare a task's schema with its data.")
@config_arguments
def diff(config: str, layers: tuple[str, ...], overrides: tuple[str, ...]) -> None:
    """Tell what the data of CONFIG, a task's name or a YAML file, has that its schema forbids, and the reverse.

    Exits with 1 if a run would stop at the data itself, and with 0 if the schema only allows more than there is. Spans
    and users' texts are compared by `bertline data check`.
    """
    from pipeline.config_file import load_config

    try:
        loaded = load_config(config, overrides, layers)
        from pipeline.schema_verbs.diff import diff_schema

        if diff_schema(loaded):
            sys.exit(STOPPED)
    except BertlineError as error:
        refuse(error)
