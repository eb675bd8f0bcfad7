"""`bertline runs`: past runs, listed, compared and pruned. Imports nothing heavy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from components.errors import BertlineError
from pipeline.cli_options import NEW_FILE, STOPPED, need_pipeline, refuse

_LIST = "list"
_root = click.option(
    "--root", type=click.Path(path_type=Path), default="runs", show_default=True, help="Folder of the tasks' runs."
)
_json = click.option("--json", "json_file", type=NEW_FILE, help="Write the same as JSON.")
_WIDTH = 160  # where there is no terminal


class _ListsByDefault(click.Group):
    """A group that takes what is no verb of its own for the arguments of `list`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts `list` before arguments that do not begin with a verb, or with a wish for help."""
        if not args or args[0] not in {*self.commands, *self.get_help_option_names(ctx)}:
            args = [_LIST, *args]
        return super().parse_args(ctx, args)


@click.group("runs", cls=_ListsByDefault, short_help="List, compare and prune past runs.")
def runs_group() -> None:
    """Past runs: `bertline runs [TASK]` lists them, as `bertline runs list [TASK]` does."""
    need_pipeline()


@runs_group.command(_LIST, short_help="List runs, newest first.")
@click.argument("task", metavar="[TASK]", required=False)
@_root
@click.option("--limit", type=click.IntRange(1), help="Most runs that are listed.")
@_json
def list_command(task: str | None, root: Path, limit: int | None, json_file: Path | None) -> None:
    """List the runs of TASK, a task's name, or of all tasks, newest first, with data, metrics and verdict.

    A run that was killed is INTERRUPTED. What is not known of a run is left out, or said to be none; one that left a
    damaged file is UNREADABLE, and a note names the file.
    """
    from pipeline.history.listing import as_json, list_runs, print_rows
    from pipeline.summary import write_summary

    try:
        rows = list_runs(root, task, limit)
        if json_file is not None:
            write_summary(as_json(rows), json_file, "--json")
    except BertlineError as error:
        refuse(error)
    print_rows(_console(), rows, root)


@runs_group.command("compare", short_help="Compare two runs.")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@_root
@_json
def compare_command(a: str, b: str, root: Path, json_file: Path | None) -> None:
    """Compare the runs A and B: settings, data, metrics of every slice, and the answers to the same examples.

    A run is the name of a task, for its latest, the beginning of a run's id, or TASK/RUN.
    """
    from pipeline.history.compare import compare_runs
    from pipeline.history.find import find_run
    from pipeline.history.show_compared import print_compared
    from pipeline.summary import write_summary

    try:
        compared = compare_runs(find_run(root, a), find_run(root, b))
        if json_file is not None:
            write_summary(compared, json_file, "--json")
    except BertlineError as error:
        refuse(error)
    print_compared(_console(), compared)


@runs_group.command("prune", short_help="Free what old runs left.")
@click.argument("task", metavar="[TASK]", required=False)
@click.option("--keep", type=click.IntRange(0), required=True, help="How many of the last runs of a task stay.")
@_root
@click.option("--dry-run", is_flag=True, help="Say what would be freed, and delete nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def prune_command(task: str | None, keep: int, root: Path, dry_run: bool, yes: bool) -> None:
    """Free what the runs of TASK, or of all tasks, left: artifacts, checkpoints, TensorBoard's logs, logs, reports.

    The last runs stay, and every run whose model is in the push folder, with all that they share with others. A line
    of every pruned run stays in the list.

    Not pruned: versions in the push folder, the trials of `bertline tune`, and ROOT/TASK/kubeflow, which all runs of
    `bertline compile --run-local` share by a cache of their own.
    """
    from pipeline.history.prune import prune

    try:
        done = prune(root, task, keep, _console(), lambda asked: yes or _confirmed(asked), dry_run)
    except BertlineError as error:
        refuse(error)
    if not done:
        sys.exit(STOPPED)


def _confirmed(asked: str) -> bool:
    """The answer; no where nobody can give one."""
    try:
        return click.confirm(asked)
    except click.Abort:
        click.echo("\nnothing was deleted; give --yes where nobody can answer", err=True)
        return False


def _console() -> Any:
    from pipeline.quiet import QuietConsole

    width = None if sys.stdout.isatty() else _WIDTH
    return QuietConsole(markup=False, highlight=False, width=width)
