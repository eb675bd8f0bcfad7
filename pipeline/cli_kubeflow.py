"""The verbs of the `bertline` command that speak with Kubeflow Pipelines. kfp is imported only where it is needed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from components.errors import BertlineError
from pipeline.cli_options import (
    FILE,
    INTERRUPTED,
    NEW_FILE_OR_STANDARD,
    USAGE_ERROR,
    layers_and_overrides,
    need_pipeline,
    refuse,
)
from pipeline.sigterm import sigterm_as_interrupt

_API_OPTIONS = ("host", "namespace", "experiment", "token_env", "ca")
_TARGET = ("target", "overrides", "name", "version", "parameters", "cache", "create_experiment")


def add_commands(main: click.Group) -> None:
    """Adds the verbs to the command."""
    for command in (submit, watch, cancel, schedule):
        main.add_command(command)


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one decorator, shown in the order in which they are given."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_api_layers = click.option(
    "--with", "layers", metavar="FILE", multiple=True, help="Take kubeflow.api from this YAML file."
)
_api = _options(
    click.option(
        "--host",
        help="Address of the API.  [default: kubeflow.api.host, $KFP_HOST, $KF_PIPELINES_ENDPOINT, or a pod's]",
    ),
    click.option("--namespace", help="Your namespace, where Kubeflow has several users."),
    click.option("--experiment", help="Experiment that runs and schedules belong to.  [default: bertline]"),
    click.option("--token-env", metavar="NAME", help="Environment variable with the token.  [default: KFP_TOKEN]"),
    click.option("--token-file", type=FILE, help="File with the token, read anew at every request."),
    click.option("--ca", type=FILE, help="Who signed the API's certificate, PEM."),
)
_run = _options(
    click.option("--version", help="Name of the pipeline's version.  [default: a digest of its text]"),
    click.option(
        "--param", "parameters", metavar="NAME=VALUE", multiple=True, help="Set a parameter: epochs=2; may be repeated."
    ),
    click.option(
        "--create-experiment", is_flag=True, help="Make the experiment of --experiment though others are named alike."
    ),
    click.option("--no-cache", "cache", flag_value=False, type=bool, default=True, help="Run every step anew."),
)
_json = click.option("--json", type=NEW_FILE_OR_STANDARD, help="Write what is known as JSON; - is standard output.")
_timeout = click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), help="Seconds to wait at most.  [default: until it ends]"
)


@click.command(short_help="Run the pipeline of a task on Kubeflow Pipelines.")
@click.argument("target", metavar="TARGET")
@layers_and_overrides
@click.option("--name", help="Name of the run.  [default: the pipeline's, and the time]")
@_run
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait for the end, showing the steps.")
@_timeout
@_json
@_api
def submit(**options: Any) -> None:
    """Run TARGET on Kubeflow Pipelines: a task's name or YAML file, or a file that `bertline compile` wrote.

    Uploads the pipeline, or a new version of it, unless the same text is there already; makes the experiment if it is
    missing; starts a run and waits for it. Ctrl-C ends the waiting, not the run. Of the files of --with, a compiled
    TARGET takes kubeflow.api alone. The run's address is printed where one is known that people can open:
    kubeflow.api.ui, $KF_PIPELINES_UI_ENDPOINT, or the API's if it is not one inside the cluster.

    Exits with 0 if the run SUCCEEDED (or was started, with --no-wait), 3 if the model was NOT BLESSED, 1 if the run
    failed or was cancelled, 2 if none was started, 4 if it goes on, or may have been started: the time of --timeout is
    up, or the API does not answer; and 130 after Ctrl-C or SIGTERM. The API gives no reason why a step waits or has
    failed: that is in its pod, and in its log.
    """
    with _errors(options["json"]):
        from pipeline.kubeflow.api import verbs

        target, access = verbs.Target(**_taken(options, _TARGET)), _access(options)
        exit_code = verbs.submit(target, access, verbs.Waiting(**options))
    sys.exit(exit_code)


@click.command(short_help="Wait for a run on Kubeflow Pipelines.")
@click.argument("run_id", metavar="RUN_ID")
@_timeout
@_json
@_api_layers
@_api
def watch(run_id: str, **options: Any) -> None:
    """Wait for the run RUN_ID, showing its steps. Ctrl-C ends the waiting, not the run.

    Exits as `bertline submit` does.
    """
    with _errors(options["json"]):
        from pipeline.kubeflow.api import verbs

        exit_code = verbs.watch(run_id, _access(options), verbs.Waiting(wait=True, **options))
    sys.exit(exit_code)


@click.command(short_help="End a run on Kubeflow Pipelines.")
@click.argument("run_id", metavar="RUN_ID")
@_api_layers
@_api
def cancel(run_id: str, **options: Any) -> None:
    """Ask the run RUN_ID to end. What it has published stays."""
    with _errors():
        from pipeline.kubeflow.api import verbs

        verbs.cancel(run_id, _access(options))


@click.group()
def schedule() -> None:
    """Run pipelines on Kubeflow Pipelines again and again."""


@schedule.command("create")
@click.argument("target", metavar="TARGET")
@click.option(
    "--cron",
    required=True,
    metavar="LINE",
    help="When: '0 2 * * *', six fields with seconds first, or @daily and such.",
)
@click.option(
    "--catchup/--no-catchup", default=False, show_default=True, help="Make up for times missed by a pause or a failure."
)
@click.option(
    "--concurrency", type=click.IntRange(1, 10), default=1, show_default=True, help="How many runs may go on at once."
)
@click.option("--start", metavar="TIME", help="Not before: 2030-01-31T02:00:00Z.")
@click.option("--end", metavar="TIME", help="Not after.")
@layers_and_overrides
@click.option("--name", help="Name of the schedule.  [default: the pipeline's]")
@_run
@_json
@_api
def schedule_create(**options: Any) -> None:
    """Run TARGET, as `bertline submit` takes it, at the times of a cron line.

    The scheduler of Kubeflow reads the line in its own time zone, which is UTC unless CRON_SCHEDULE_TIMEZONE is set on
    its deployment ml-pipeline-scheduledworkflow. What is scheduled is the pipeline as it is now: after a change of the
    task, delete the schedule and create it again.
    """
    with _errors(options["json"]):
        from pipeline.kubeflow.api import verbs
        from pipeline.kubeflow.api.schedule import when

        times = when(**_taken(options, ("cron", "start", "end", "catchup", "concurrency")))
        target = verbs.Target(**_taken(options, _TARGET))
        verbs.create_schedule(target, _access(options), times, options["json"])


@schedule.command("list")
@_json
@_api_layers
@_api
def schedule_list(**options: Any) -> None:
    """Show the schedules of the experiment."""
    with _errors(options["json"]):
        from pipeline.kubeflow.api import verbs

        verbs.list_schedules(_access(options), options["json"])


def _change(verb: str, done: str, summary: str) -> None:
    """Adds a verb that changes the schedule of a name or id."""

    @schedule.command(verb, help=summary)
    @click.argument("name", metavar="NAME_OR_ID")
    @_api_layers
    @_api
    def change(name: str, **options: Any) -> None:
        with _errors():
            from pipeline.kubeflow.api import schedule as schedules
            from pipeline.kubeflow.api import verbs

            verbs.change_schedule(getattr(schedules, verb), done, name, _access(options))


_change(
    "pause", "is paused; its runs that go on are left alone", "Start no more runs of a schedule, until it is resumed."
)
_change("resume", "starts runs again", "Start runs of a paused schedule again.")
_change("delete", "is deleted; its runs are left alone", "Delete a schedule. Its runs stay.")


def _access(options: dict[str, Any]) -> Any:
    """Takes the options of the API out of the others."""
    from pipeline.kubeflow.api.target import Access

    return Access(options.pop("layers"), _taken(options, _API_OPTIONS), options.pop("token_file"))


def _taken(options: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: options.pop(name) for name in names}


@contextmanager
def _errors(json: Path | None = None) -> Iterator[None]:
    """Tells an error of ours in a line, and to programs in JSON, and ends the process. SIGTERM is as Ctrl-C."""
    need_pipeline("kfp")
    from pipeline.kubeflow.api.report import write_json
    from pipeline.kubeflow.api.watch import StillRunningError
    from pipeline.kubeflow.errors import KubeflowError

    try:
        with sigterm_as_interrupt():
            yield
    except BertlineError as error:
        is_running = isinstance(error, StillRunningError)
        exit_code = error.exit_code if is_running else USAGE_ERROR
        with suppress(KubeflowError):  # which may be that very error: the file cannot be written
            write_json({**(error.report if is_running else {}), "error": str(error), "exit_code": exit_code}, json)
        refuse(error, exit_code)
    except KeyboardInterrupt:
        with suppress(KubeflowError):
            write_json({"error": "interrupted", "exit_code": INTERRUPTED}, json)
        click.echo("\ninterrupted", err=True)
        sys.exit(INTERRUPTED)
