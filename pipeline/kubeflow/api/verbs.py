"""What the verbs of the command line do with the API: they load, connect, act and tell."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from pipeline.config import Config
from pipeline.config_file import load_config
from pipeline.display import busy
from pipeline.kubeflow.api import schedule as schedules
from pipeline.kubeflow.api.connection import Connection, connect
from pipeline.kubeflow.api.display import RunDisplay
from pipeline.kubeflow.api.errors import ApiError
from pipeline.kubeflow.api.options import ApiOptions
from pipeline.kubeflow.api.parameters import read_parameters
from pipeline.kubeflow.api.report import (
    STANDARD_OUTPUT,
    check_can_write,
    run_as_json,
    schedule_as_json,
    schedules_table,
    write_json,
)
from pipeline.kubeflow.api.submit import SubmittedRun, Wanted
from pipeline.kubeflow.api.submit import submit as start_run
from pipeline.kubeflow.api.target import api_section, check_alone, is_compiled
from pipeline.kubeflow.api.tasks import RunStatus, State
from pipeline.kubeflow.api.watch import Pace, StillRunningError, exit_code, how_to_go_on, sentence
from pipeline.kubeflow.api.watch import cancel as cancel_run
from pipeline.kubeflow.api.watch import watch as watch_run
from pipeline.kubeflow.document import Compiled, read_compiled
from pipeline.kubeflow.settings import Api
from pipeline.quiet import QuietConsole, logging_to
from pipeline.sigterm import sigterm_as_interrupt

_INTERRUPTED = 1
_STATE_STYLES = {State.DONE: "bold green", State.CANCELLED: "bold yellow"}


@dataclass(frozen=True)
class Target:
    """What is submitted: a task or compiled file, settings and files laid over it, and how the API is reached."""

    target: str
    overrides: Sequence[str]
    layers: Sequence[str]
    api: ApiOptions


@dataclass(frozen=True)
class Choices:
    """What is wanted of a run or schedule, as words of the command line."""

    name: str | None
    version: str | None
    parameters: Sequence[str]
    cache: bool

    def wanted(self, compiled: Compiled) -> Wanted:
        """The same with the parameters typed. Raises KubeflowError where one is not the pipeline's."""
        return Wanted(self.name, self.version, read_parameters(self.parameters, compiled), self.cache)


@dataclass(frozen=True)
class Waiting:
    """Whether to wait for a run, how long in seconds, and where to write its JSON."""

    wait: bool
    timeout: float | None
    json: Path | None


def submit(target: Target, choices: Choices, waiting: Waiting) -> int:
    """Submits a run and, if so wanted, waits for it. Answers the exit code. Raises BertlineError."""
    check_can_write(waiting.json)
    compiled, settings = _load(target)
    wanted = choices.wanted(compiled)
    console = _console(waiting.json)
    connection = _connect(console, settings, target.api)
    with busy(console, f"submitting {compiled.name}"):
        run = start_run(connection, compiled, wanted)
    _tell_run(console, run)
    _write_run(waiting, run, None, run.url)
    if not waiting.wait:
        console.print(how_to_go_on(run.run_id), soft_wrap=True)
        return 0
    return _wait(console, connection, run.run_id, waiting, run)


def watch(run_id: str, layers: Sequence[str], api: ApiOptions, waiting: Waiting) -> int:
    """Waits for a run that goes on. Answers the exit code. Raises BertlineError."""
    check_can_write(waiting.json)
    console = _console(waiting.json)
    connection = _connect(console, api.over(api_section(layers)), api)
    console.print(connection.run_url(run_id), soft_wrap=True)
    return _wait(console, connection, run_id, waiting, None)


def cancel(run_id: str, layers: Sequence[str], api: ApiOptions) -> None:
    """Ends a run. Raises BertlineError."""
    console = _console(None)
    status = cancel_run(_connect(console, api.over(api_section(layers)), api), run_id)
    console.print(f"{status.name} is being cancelled: its steps end now, and nothing more is pushed", soft_wrap=True)


def create_schedule(target: Target, choices: Choices, when: schedules.When, json: Path | None) -> None:
    """Makes a schedule. Raises BertlineError."""
    check_can_write(json)
    compiled, settings = _load(target)
    wanted = choices.wanted(compiled)
    console = _console(json)
    made = schedules.create(_connect(console, settings, target.api), compiled, wanted, when)
    console.print(f"schedule {made.name} ({made.schedule_id})\n{made.url}", soft_wrap=True)
    following = ", ".join(f"{time:%Y-%m-%d %H:%M:%S}" for time in made.next_times())
    console.print(f"runs next at {following} UTC, where the scheduler's own time zone is UTC", soft_wrap=True)
    if json is not None:
        write_json(schedule_as_json(made), json)


def list_schedules(layers: Sequence[str], api: ApiOptions, json: Path | None) -> None:
    """Shows the schedules. Raises BertlineError."""
    check_can_write(json)
    console = _console(json)
    found = schedules.list_schedules(_connect(console, api.over(api_section(layers)), api))
    console.print(schedules_table(found) if found else "there is no schedule")
    if json is not None:
        write_json([schedule_as_json(schedule) for schedule in found], json)


def change_schedule(
    change: Callable[[Connection, str], schedules.Schedule],
    done: str,
    name: str,
    layers: Sequence[str],
    api: ApiOptions,
) -> None:
    """Pauses, resumes or deletes a schedule, and says that it is `done`. Raises BertlineError."""
    console = _console(None)
    changed = change(_connect(console, api.over(api_section(layers)), api), name)
    console.print(f"schedule {changed.name} ({changed.schedule_id}) {done}", soft_wrap=True)


def _load(target: Target) -> tuple[Compiled, Api]:
    """The compiled pipeline, and how the API is reached."""
    if is_compiled(target.target):
        check_alone(target.target, target.overrides)
        return read_compiled(Path(target.target)), target.api.over(api_section(target.layers))
    config = load_config(target.target, target.overrides, target.layers)
    section: dict[str, Any] = {} if config.kubeflow is None else config.kubeflow.api.model_dump(exclude_unset=True)
    settings = target.api.over(section)
    return _compile(config, f"compiling {target.target}"), settings


def _compile(config: Config, doing: str) -> Compiled:
    with tempfile.TemporaryDirectory() as folder, logging_to(Path(folder, "log")) as console, busy(console, doing):
        from pipeline.kubeflow.compile import compile_pipeline  # imports TensorFlow, which prints

        return compile_pipeline(config)


def _console(json: Path | None) -> Console:
    """What people read: on standard error where standard output is JSON for programs."""
    return QuietConsole(file=sys.stderr if json == STANDARD_OUTPUT else sys.stdout, markup=False, highlight=False)


def _connect(console: Console, settings: Api, options: ApiOptions) -> Connection:
    with busy(console, "connecting"):
        return connect(settings, options.token_file)


def _tell_run(console: Console, run: SubmittedRun) -> None:
    version = run.version
    console.print(
        f"pipeline {version.pipeline}, version {version.name}{' (new)' if version.is_new else ''}", soft_wrap=True
    )
    console.print(f"run {run.name} ({run.run_id}) in the experiment {run.experiment}\n{run.url}", soft_wrap=True)


def _wait(console: Console, connection: Connection, run_id: str, waiting: Waiting, run: SubmittedRun | None) -> int:
    display, latest = RunDisplay(console, connection.namespace), list[RunStatus]()

    def seen(status: RunStatus) -> None:
        latest[:] = [status]
        display.seen(status)

    try:
        with sigterm_as_interrupt(), display.showing():
            status = watch_run(connection, run_id, seen, Pace(limit=waiting.timeout))
    except KeyboardInterrupt:
        console.print(f"\nno longer waiting for the run; {how_to_go_on(run_id)}", soft_wrap=True)
        return _INTERRUPTED
    except ApiError as error:
        raise StillRunningError(f"{error}; as far as is known {how_to_go_on(run_id)}") from error
    finally:
        _write_run(waiting, run, latest[0] if latest else None, connection.run_url(run_id))
    console.print(sentence(status), style=_STATE_STYLES.get(status.state, "bold red"), soft_wrap=True)
    return exit_code(status)


def _write_run(waiting: Waiting, run: SubmittedRun | None, status: RunStatus | None, url: str) -> None:
    """Writes the run's JSON; to standard output once only, when nothing more comes."""
    if waiting.json is None or (waiting.json == STANDARD_OUTPUT and waiting.wait and status is None):
        return
    write_json(run_as_json(run, status, url), waiting.json)
