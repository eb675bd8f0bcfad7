"""The `bertline` command: parses, then imports what the verb needs. `--help` must not wait for TensorFlow."""

from __future__ import annotations

import contextlib
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from components.errors import BertlineError, ConfigError
from pipeline.cli_compile import compile_command
from pipeline.cli_data import data_group
from pipeline.cli_encoders import encoders_group
from pipeline.cli_kubeflow import add_commands
from pipeline.cli_options import (
    FILE,
    NEW_FILE,
    NEW_FILE_OR_STANDARD,
    STOPPED,
    config_arguments,
    layers_and_overrides,
    need_pipeline,
    refuse,
)
from pipeline.cli_report import report_command
from pipeline.cli_runs import runs_group
from pipeline.cli_schema import schema_group
from pipeline.cli_score import score_command
from pipeline.cli_tune import tune_command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="bertline", message="%(prog)s %(version)s")
def main() -> None:
    """Keeps a BERT text classifier in production: ingests, checks, trains, gates, publishes."""


@main.command(short_help="Run the pipeline of a task on this machine.")
@config_arguments
@click.option("--summary", type=NEW_FILE, help="Write the outcome as JSON.")
def run(config: str, layers: tuple[str, ...], overrides: tuple[str, ...], summary: Path | None) -> None:
    """Run the pipeline of CONFIG, a task's name (demo) or a YAML file, on this machine.

    Exits with 0 if the model was PUSHED or is UNCHANGED, 3 if it was NOT BLESSED, 1 if the run STOPPED, and 2 if it
    could not begin.
    """
    need_pipeline()
    from pipeline.config_file import load_config
    from pipeline.local_run import run as run_locally

    try:
        outcome = run_locally(load_config(config, overrides, layers), summary)
    except BertlineError as error:
        if summary is not None:
            with contextlib.suppress(ConfigError):  # which may be that very error: the file cannot be written
                _write_refusal(summary, config, error)
        refuse(error)
    sys.exit(outcome.verdict.exit_code)


_FILE_OR_STANDARD = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
_PORT = click.IntRange(0, 65535)


@main.command(short_help="Serve a model by TensorFlow Serving's gRPC and REST interfaces.")
@click.argument("target", metavar="TARGET")
@click.option("--host", help="Address to listen at (127.0.0.1); TensorFlow Serving takes 0.0.0.0 alone.")
@click.option("--port", type=_PORT, default=8500, show_default=True, help="Port of gRPC; 0 turns it off.")
@click.option("--rest-port", type=_PORT, default=8501, show_default=True, help="Port of REST; 0 turns it off.")
@click.option("--name", help="Name of the model, if not that of the task or folder.")
@click.option("--certificate", type=FILE, help="Certificate for TLS, PEM.")
@click.option("--key", type=FILE, help="Its private key, PEM.")
@click.option("--client-ca", type=FILE, help="Authority that clients must have a certificate of (mTLS), PEM.")
@click.option("--no-batching", "batching", flag_value=False, type=bool, default=True, help="Compute requests singly.")
@click.option(
    "--poll-seconds", type=click.IntRange(1), default=1, show_default=True, help="How often to look for versions."
)
@click.option("--access-log", is_flag=True, help="A line a request, without its texts (development server).")
@click.option("--development", is_flag=True, help="Run our development server though TensorFlow Serving is installed.")
@layers_and_overrides
def serve(target: str, name: str | None, layers: tuple[str, ...], overrides: tuple[str, ...], **options: Any) -> None:
    """Serve TARGET: a task's name or YAML file, a folder of versions, or a model config file of TensorFlow Serving.

    Runs tensorflow_model_server where it is installed, else our development server, until Ctrl-C or SIGTERM.
    """
    need_pipeline()
    from pipeline import serve as server

    try:
        server.serve(target, name, server.Choices(**options), overrides, layers)
    except BertlineError as error:
        refuse(error)


@main.command(short_help="Classify texts with a served model.")
@click.argument("texts", metavar="[TEXT]...", nargs=-1)
@click.option(
    "--server", default="localhost:8500", show_default=True, help="host:port (gRPC), grpcs://, http:// or https://."
)
@click.option("--model", required=True, help="Name that the model is served under.")
@click.option("--version", type=click.IntRange(0), help="Version of it; by default the latest.")
@click.option("--label", help="Version label, instead of a version.")
@click.option("--signature", default="serving_default", show_default=True, help="Signature that takes the texts.")
@click.option("--input", type=_FILE_OR_STANDARD, help="File of texts; - is standard input.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl", "text"]),
    help="Format of the input, if its name does not tell.",
)
@click.option("--column", help="Column or key of the text.  [default: text]")
@click.option("--pair", metavar="TEXT", multiple=True, help="Second text of each TEXT, where the model takes pairs.")
@click.option("--pair-column", help="Column or key of the second text.")
@click.option("--delimiter", help="Delimiter of a CSV.  [default: a comma]")
@click.option(
    "--output", type=NEW_FILE_OR_STANDARD, default="-", help="File for the rows, with scores; - is standard output."
)
@click.option("--ca", type=FILE, help="Who signs the server's certificate, PEM.")
@click.option("--certificate", type=FILE, help="Certificate to show to the server (mTLS), PEM.")
@click.option("--key", type=FILE, help="Its private key, PEM.")
@click.option("--timeout", type=float, default=60.0, show_default=True, help="Seconds for each request.")
@click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True, help="Most texts in a request.")
def predict(texts: tuple[str, ...], **options: Any) -> None:
    """Classify each TEXT, or each row of a file, with a model that TensorFlow Serving serves.

    The rows come out in the order of the input, each with its `scores` and what is `predicted`.
    """
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what it logs is said again by the error
    from pipeline import predict as predicting

    try:
        predicting.run(texts, predicting.Options(**options))
    except predicting.PredictionStopped as error:
        refuse(error, STOPPED)
    except BertlineError as error:
        refuse(error)


@main.group("config")
def config_group() -> None:
    """Look at configurations."""
    need_pipeline()


@config_group.command("show")
@config_arguments
def config_show(config: str, layers: tuple[str, ...], overrides: tuple[str, ...]) -> None:
    """Print CONFIG with every default written out, or what is wrong with it."""
    from pipeline.config_file import dump_config, load_config

    try:
        click.echo(dump_config(load_config(config, overrides, layers)), nl=False)
    except BertlineError as error:
        refuse(error)


@config_group.command("list")
def config_list() -> None:
    """Print the names of the tasks that come with bertline."""
    from pipeline.config_file import task_names

    click.echo("\n".join(task_names()))


def _write_refusal(path: Path, config: str, error: BertlineError) -> None:
    from pipeline.summary import Run, summarise, write_summary
    from pipeline.verdict import stopped

    started = datetime.now().astimezone().isoformat(timespec="seconds")
    write_summary(summarise(Run(config, "", started), stopped(str(error)), 0.0), path)


main.add_command(compile_command)
main.add_command(data_group)
main.add_command(encoders_group)
main.add_command(report_command)
main.add_command(runs_group)
main.add_command(schema_group)
main.add_command(score_command)
main.add_command(tune_command)
add_commands(main)
