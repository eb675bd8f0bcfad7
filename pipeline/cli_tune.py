"""`bertline tune`: a search over the training settings of a task."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from components.errors import BertlineError
from pipeline.cli_options import FILE, NEW_FILE, config_arguments, need_pipeline, refuse


@click.command("tune", short_help="Search for better training settings of a task.")
@config_arguments
@click.option(
    "--trials",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="Trials in all, with those of a search that was ended.",
)
@click.option("--timeout", type=click.FloatRange(0, min_open=True), help="Seconds after which no new trial begins.")
@click.option(
    "--storage",
    envvar="BERTLINE_TUNE_STORAGE",
    help="File, or URL of a database that several machines share.  [default: ROOT/NAME/tune/trials.db; "
    "env: BERTLINE_TUNE_STORAGE]",
)
@click.option("--search", type=FILE, help="YAML file of the settings that are tried, and their values.")
@click.option("--output", type=NEW_FILE, help="File for the best settings.  [default: ROOT/NAME/tune/best.yaml]")
def tune_command(
    config: str,
    layers: tuple[str, ...],
    overrides: tuple[str, ...],
    trials: int,
    timeout: float | None,
    storage: str | None,
    search: Path | None,
    output: Path | None,
) -> None:
    """Search for better training settings of CONFIG, a task's name (demo) or a YAML file.

    The data steps run once; then every trial trains with other settings, is given up where it falls behind, and is
    judged by training.select_by on the eval split. A trial whose settings do not train fails; anything else that goes
    wrong ends the search. The best settings are written as a file that `bertline run` takes. A search that was ended
    goes on with the same command.

    \b
    --search holds settings and what is tried of each, as
      training.learning_rate: {low: 1.0e-5, high: 1.0e-4, log: true}
      training.dropout: {low: 0.0, high: 0.3, step: 0.1}
      encoder.pooling: [mean, cls]

    Exits with 0 if a best trial is known, 1 if it was stopped or all trials failed, 2 if it could not begin, and 130 if
    it was interrupted.
    """  # noqa: D301  click takes the escaped character for a paragraph that stays as it is
    need_pipeline()
    from pipeline.config_file import load_config
    from pipeline.tune.tune import Options, tune

    try:
        code = tune(load_config(config, overrides, layers), Options(trials, timeout, storage, search, output))
    except BertlineError as error:
        refuse(error)
    sys.exit(code)
