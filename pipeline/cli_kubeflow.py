"""The verbs of the `bertline` command that speak with Kubeflow Pipelines. kfp is imported only where it is needed."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from components.errors import BertlineError
from pipeline.cli_options import STOPPED, USAGE_ERROR, layers_and_overrides, refuse
from pipeline.kubeflow.errors import KubeflowError

_API_OPTIONS = ("host", "namespace", "experiment", "token_env", "token_file", "ca")
_CHOICES = ("name", "version", "parameters", "cache")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NEW_FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


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
    click.option("--host", help="Address of the API.  [default: kubeflow.api.host, $KFP_HOST, or what a pod finds]"),
    click.option("--namespace", help="Your namespace, where Kubeflow has several users."),
    click.option("--experiment", help="Experiment that runs and schedules belong to.  [default: bertline]"),
    click.option("--token-env", metavar="NAME", help="Environment variable with the token.  [default: KFP_TOKEN]"),
    click.option("--token-file", type=_FILE, help="File with the token, read anew at every request."),
    click.option("--ca", type=_FILE, help="Who signed the API's certificate, PEM."),
)
_run = _options(
    click.option("--version", help="Name of the pipeline's version.  [default: a digest of its text]"),
    click.option(
        "--param", "parameters", metavar="NAME=VALUE", multiple=True, help="Set a parameter: epochs=2; may be repeated."
    ),
    click.option("--no-cache", "cache", flag_value=False, type=bool, default=True, help="Run every step anew."),
)
_json = click.option("--json", type=_NEW_FILE, help="Write what is known as JSON; - is standard output.")
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
    missing; starts a run, prints its address, and waits for it. Ctrl-C ends the waiting, not the run. Of the files of
    --with, a compiled TARGET takes kubeflow.api alone.

    Exits with 0 if the run SUCCEEDED (or was started, with --no-wait), 3 if the model was NOT BLESSED, 1 if the run
    failed or goes on, and 2 if it could not begin.
    """
    with _errors():
        from pipeline.kubeflow.api import verbs

        target, choices = _target(options), verbs.Choices(**_taken(options, _CHOICES))
        exit_code = verbs.submit(target, choices, verbs.Waiting(**options))
    sys.exit(exit_code)


@click.command(short_help="Wait for a run on Kubeflow Pipelines.")
@click.argument("run_id", metavar="RUN_ID")
@_timeout
@_json
@_api_layers
@_api
def watch(run_id: str, layers: tuple[str, ...], **options: Any) -> None:
    """Wait for the run RUN_ID, showing its steps. Ctrl-C ends the waiting, not the run.

    Exits as `bertline submit` does.
    """
    with _errors():
        from pipeline.kubeflow.api import verbs

        exit_code = verbs.watch(run_id, layers, _api_options(options), verbs.Waiting(wait=True, **options))
    sys.exit(exit_code)


@click.command(short_help="End a run on Kubeflow Pipelines.")
@click.argument("run_id", metavar="RUN_ID")
@_api_layers
@_api
def cancel(run_id: str, layers: tuple[str, ...], **options: Any) -> None:
    """End the run RUN_ID. What it has published stays."""
    with _errors():
        from pipeline.kubeflow.api import verbs

        verbs.cancel(run_id, layers, _api_options(options))


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
    with _errors():
        from pipeline.kubeflow.api import verbs
        from pipeline.kubeflow.api.schedule import when

        times = when(**_taken(options, ("cron", "start", "end", "catchup", "concurrency")))
        target, choices = _target(options), verbs.Choices(**_taken(options, _CHOICES))
        verbs.create_schedule(target, choices, times, options["json"])


@schedule.command("list")
@_json
@_api_layers
@_api
def schedule_list(layers: tuple[str, ...], **options: Any) -> None:
    """Show the schedules of the experiment."""
    with _errors():
        from pipeline.kubeflow.api import verbs

        verbs.list_schedules(layers, _api_options(options), options["json"])


def _change(verb: str, done: str, summary: str) -> None:
    """Adds a verb that changes the schedule of a name or id."""

    @schedule.command(verb, help=summary)
    @click.argument("name", metavar="NAME_OR_ID")
    @_api_layers
    @_api
    def change(name: str, layers: tuple[str, ...], **options: Any) -> None:
        with _errors():
            from pipeline.kubeflow.api import schedule as schedules
            from pipeline.kubeflow.api import verbs

            verbs.change_schedule(getattr(schedules, verb), done, name, layers, _api_options(options))


_change(
    "pause", "is paused; its runs that go on are left alone", "Start no more runs of a schedule, until it is resumed."
)
_change("resume", "starts runs again", "Start runs of a paused schedule again.")
_change("delete", "is deleted; its runs are left alone", "Delete a schedule. Its runs stay.")


def _target(options: dict[str, Any]) -> Any:
    from pipeline.kubeflow.api import verbs

    api = _api_options(options)
    return verbs.Target(api=api, **_taken(options, ("target", "overrides", "layers")))


def _api_options(options: dict[str, Any]) -> Any:
    """Takes the options of the API out of the others."""
    from pipeline.kubeflow.api.options import ApiOptions

    return ApiOptions(**_taken(options, _API_OPTIONS))


def _taken(options: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: options.pop(name) for name in names}


@contextmanager
def _errors() -> Iterator[None]:
    """Tells an error of ours in a line, and ends the process."""
    try:
        if importlib.util.find_spec("kfp") is None:
            raise KubeflowError(
                "kfp is not installed (pip brings the light client only); run `make setup` in a checkout"
            )
        yield
    except BertlineError as error:
        from pipeline.kubeflow.api.watch import StillRunningError

        refuse(error, STOPPED if isinstance(error, StillRunningError) else USAGE_ERROR)
