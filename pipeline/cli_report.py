"""`bertline report`: the report of a past run. Imports nothing heavy."""

from __future__ import annotations

from pathlib import Path

import click

from components.errors import BertlineError
from components.page.excerpts import visible
from pipeline.cli_options import NEW_FILE, need_pipeline, refuse


@click.command("report", short_help="Write the report of a past run, and print its path.")
@click.argument("run", metavar="[RUN]", required=False)
@click.option(
    "--root", type=click.Path(path_type=Path), default="runs", show_default=True, help="Folder of the tasks' runs."
)
@click.option("--output", type=NEW_FILE, help="File for the page, its numbers beside it; by default the run's own.")
def report_command(run: str | None, root: Path, output: Path | None) -> None:
    """Write the report of RUN as one HTML file, with its numbers as JSON beside it, and print its path.

    RUN is a task's name (its latest run), a run's id or the beginning of one, or TASK/ID; left out, the latest of all.
    """
    need_pipeline()
    from pipeline.past_report import report_past_run

    try:
        click.echo(report_past_run(root, run, output, _note))
    except BertlineError as error:
        refuse(error)


def _note(told: str) -> None:
    click.echo(f"note: {visible(told)}", err=True)
