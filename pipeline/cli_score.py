"""`bertline score`: a corpus through a model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from components.errors import BertlineError
from pipeline.cli_options import STOPPED, need_pipeline, refuse

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("score", short_help="Score a corpus with a local or served model, by Beam.")
@click.argument("model_or_server", metavar="MODEL")
@click.argument("files", metavar="FILES...", nargs=-1, required=True)
@click.option("--output", type=_FOLDER, required=True, help="New folder for scores, quarantine and summary.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "parquet"]),
    default="jsonl",
    show_default=True,
    help="Of the scores.",
)
@click.option("--column", default="text", show_default=True, help="Column of the text.")
@click.option("--pair-column", help="Column of the second text, of a model that takes pairs.")
@click.option("--id-column", help="Column of an id, which each row of the scores then has.")
@click.option(
    "--input-format",
    type=click.Choice(["auto", "csv", "tsv", "jsonl", "parquet", "tfrecord"]),
    default="auto",
    show_default=True,
    help="Format of the files; auto goes by their names.",
)
@click.option("--delimiter", help="Delimiter of a CSV.  [default: a comma]")
@click.option("--model", help="Name that the model is served under, of a server.")
@click.option("--version", type=click.IntRange(0), help="Version of it; by default the latest.")
@click.option("--timeout", type=float, default=60.0, show_default=True, help="Seconds for each request to a server.")
@click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True, help="Most texts at once.")
@click.option(
    "--max-bad-fraction",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.01,
    show_default=True,
    help="Most rows without a score, of all.",
)
def score_command(model_or_server: str, files: tuple[str, ...], **options: Any) -> None:
    """Score every row of FILES (CSV, TSV, JSON Lines, Parquet, TFRecord, also compressed; paths, globs, URLs) by MODEL.

    MODEL is a SavedModel, a folder of versions, a task's name or YAML file (what it serves), or a server's address
    (host:port, http://…) with --model. Rows that cannot be read, or that the model refuses, are in quarantine.jsonl.

    What was scored before it was interrupted stays in OUTPUT.partial, and the same command goes on from there.

    Exits with 0 if the corpus was scored, 1 if scoring stopped, a file is damaged or too many rows have no score (the
    others are in the output), and 2 if it could not begin.
    """
    need_pipeline()
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what it logs is said again by the error
    from pipeline.score.corpus import Reading
    from pipeline.score.run import Options, ScoringStopped, score

    names = {"column": "column", "pair_column": "pair_column", "id_column": "id_column", "input_format": "form"}
    read = {field: options.pop(option) for option, field in names.items()}
    reading = Reading(**read, delimiter=options.pop("delimiter"))
    try:
        score(model_or_server, files, Options(reading=reading, **options))
    except ScoringStopped as error:
        refuse(error, STOPPED)
    except BertlineError as error:
        refuse(error)
