"""`bertline schema infer`: writes a schema for the data of a task."""

from __future__ import annotations

from pathlib import Path

import click

from components.errors import ConfigError
from pipeline.config import Config
from pipeline.data.looking import looking
from pipeline.schema_verbs.measured import measure


def infer_schema(config: Config, output: Path) -> None:
    """Writes the schema to a file, or to standard output where the file is `-`.

    Raises:
        BertlineError: the data cannot be read, or the file not written.
    """
    with looking(config, "schema-infer") as (console, folder):
        statistics = measure(config, folder, console)
        from components.curated_schema.infer import infer

        text = infer(
            statistics, config.labels.kind, config.labels.names, config.data.max_characters, config.pipeline.name
        )
    if str(output) == "-":
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--output {output} cannot be written: {error}") from error
    click.echo(f"{output}: review it, and name it in the configuration: schema: {output}", err=True)
