"""What the verbs of the command line do with the API: they load, connect, act and tell."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from pipeline.cli_options import INTERRUPTED
from pipeline.display import STYLES, busy
from pipeline.kubeflow.api import schedule as schedules
from pipeline.kubeflow.api.connection import Connection, connect
from pipeline.kubeflow.api.display import RunDisplay
from pipeline.kubeflow.api.errors import ApiError
from pipeline.kubeflow.api.report import (
    STANDARD_OUTPUT,
    check_can_write,
    run_as_json,
    schedule_as_json,
    schedules_table,
    write_json,
)
from pipeline.kubeflow.api.submit import Prepared, Wanted, prepare, start
from pipeline.kubeflow.api.target import Access, load
from pipeline.kubeflow.api.watch import Pace, StillRunningError, exit_code, how_to_go_on, look, sentence
from pipeline.kubeflow.api.watch import cancel as cancel_run
from pipeline.kubeflow.api.watch import watch as watch_run
from pipeline.kubeflow.document import Compiled, read_compiled
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.parameters import read_parameters
from pipeline.kubeflow.quiet_compile import compile_quietly
from pipeline.kubeflow.settings import Api
from pipeline.quiet import QuietConsole


@dataclass(frozen=True)
class Target:
    """What is wanted of a run or schedule, in the words of the command line."""

    target: str
    overrides: Sequence[str]
    name: str | None
    version: str | None
    parameters: Sequence[str]
    cache: bool
    create_experiment: bool

    def wanted(self, compiled: Compiled, access: Access) -> Wanted:
        """The same with the parameters typed. Raises KubeflowError where one is not the pipeline's."""
        is_sure = self.create_experiment or access.options.get("experiment") is None
        return Wanted(self.name, self.version, read_parameters(self.parameters, compiled), self.cache, is_sure)


@dataclass(frozen=True)
class Waiting:
    """Whether to wait for a run, how long in seconds, and where to write its JSON."""

    wait: bool
    timeout: float | None
    json: Path | None


def submit(target: Target, access: Access, waiting: Waiting) -> int:
    """Submits a run and, if so wanted, waits for it. Answers the exit code.

    Raises:
        StillRunningError: the run goes on, or may have been started.
        BertlineError: no run has been started.
    """
    check_can_write(waiting.json)
    console = _console(waiting.json)
    compiled, wanted, connection = _load(console, target, access)
    with busy(console, f"uploading {compiled.name}"):
        prepared = prepare(connection, compiled, wanted)
    _tell_prepared(console, prepared)
    run_id = _start(connection, compiled, wanted, prepared)
    url = connection.run_url(run_id)
    _tell(console, run_id, url)
    if waiting.wait:
        display = RunDisplay(console, connection.namespace, _image(compiled))
        return _wait(console, connection, run_id, waiting, display, prepared)
    _leave(console, waiting, run_as_json(run_id, url, prepared, None))
    _tell(console, how_to_go_on(run_id))
    return 0


def watch(run_id: str, access: Access, waiting: Waiting) -> int:
    """Waits for a run that goes on. Answers the exit code. Raises BertlineError."""
    check_can_write(waiting.json)
    console = _console(waiting.json)
    connection = _connect(console, access.settings(), access)
    status = look(connection, run_id)
    _tell(console, f"run {status.name} ({run_id})", connection.run_url(run_id))
    return _wait(console, connection, run_id, waiting, RunDisplay(console, connection.namespace), None)


def cancel(run_id: str, access: Access) -> None:
    """Asks a run to end. Raises BertlineError."""
    console = _console(None)
    status = cancel_run(_connect(console, access.settings(), access), run_id)
    _tell(console, f"{status.name} is asked to end; look with `bertline watch {run_id}`")


def create_schedule(target: Target, access: Access, when: schedules.When, json: Path | None) -> None:
    """Makes a schedule. Raises BertlineError."""
    check_can_write(json)
    console = _console(json)
    compiled, wanted, connection = _load(console, target, access)
    made = schedules.create(connection, compiled, wanted, when)
    _tell(console, f"schedule {made.name} ({made.schedule_id}) in the experiment {connection.experiment}", made.url)
    following = ", ".join(f"{time:%Y-%m-%d %H:%M:%S}" for time in made.next_times())
    _tell(console, f"runs next at {following} UTC, where the scheduler's own time zone is UTC")
    write_json(schedule_as_json(made), json)


def list_schedules(access: Access, json: Path | None) -> None:
    """Shows the schedules. Raises BertlineError."""
    check_can_write(json)
    console = _console(json)
    found = schedules.list_schedules(_connect(console, access.settings(), access))
    console.print(schedules_table(found) if found else "there is no schedule")
    write_json([schedule_as_json(schedule) for schedule in found], json)


def change_schedule(
    change: Callable[[Connection, str], schedules.Schedule], done: str, name: str, access: Access
) -> None:
    """Pauses, resumes or deletes a schedule, and says that it is `done`. Raises BertlineError."""
    console = _console(None)
    changed = change(_connect(console, access.settings(), access), name)
    _tell(console, f"schedule {changed.name} ({changed.schedule_id}) {done}")


def _load(console: Console, target: Target, access: Access) -> tuple[Compiled, Wanted, Connection]:
    """Everything that is checked before anything is sent, and then the connection."""
    config = load(target.target, target.overrides, access.layers)
    settings = access.settings(config)
    compiled = read_compiled(Path(target.target)) if config is None else compile_quietly(config)
    wanted = target.wanted(compiled, access)
    return compiled, wanted, _connect(console, settings, access)


def _image(compiled: Compiled) -> str | None:
    """What all steps run, None where they differ."""
    images = {executor.container.image for executor in compiled.deployment.executors.values()}
    return images.pop() if len(images) == 1 else None


def _console(json: Path | None) -> Console:
    """What people read: on standard error where standard output is JSON for programs."""
    return QuietConsole(file=sys.stderr if json == STANDARD_OUTPUT else sys.stdout, markup=False, highlight=False)


def _connect(console: Console, settings: Api, access: Access) -> Connection:
    with busy(console, "connecting"):
        return connect(settings, access.token_file)


def _tell(console: Console, *lines: str | None) -> None:
    console.print(*filter(None, lines), sep="\n", soft_wrap=True)


def _tell_prepared(console: Console, prepared: Prepared) -> None:
    """Said before the run is started, so that it can be found by its name if no answer comes."""
    version, experiment = prepared.version, prepared.experiment
    _tell(
        console,
        f"pipeline {version.pipeline}, version {version.name}{' (new)' if version.is_new else ''}",
        f"run {prepared.name} in the experiment {experiment.name}{' (new)' if experiment.is_new else ''}",
    )


def _start(connection: Connection, compiled: Compiled, wanted: Wanted, prepared: Prepared) -> str:
    """Starts the run, and answers its id. Raises StillRunningError where it may have started all the same."""
    try:
        return start(connection, compiled, wanted, prepared)
    except KeyboardInterrupt as interrupt:
        raise _in_doubt(connection, prepared, "interrupted", INTERRUPTED) from interrupt
    except ApiError as error:
        if not error.in_doubt:
            raise
        raise _in_doubt(connection, prepared, str(error)) from error


def _in_doubt(connection: Connection, prepared: Prepared, why: str, *exit_code: int) -> StillRunningError:
    error = StillRunningError(
        f"{why}; look in the experiment {prepared.experiment.name} at {connection.ui or connection.host} whether the "
        f"run {prepared.name} has been started",
        *exit_code,
    )
    error.report = run_as_json(None, None, prepared, None)
    return error


def _wait(
    console: Console,
    connection: Connection,
    run_id: str,
    waiting: Waiting,
    display: RunDisplay,
    prepared: Prepared | None,
) -> int:
    def known() -> dict[str, Any]:
        return run_as_json(run_id, connection.run_url(run_id), prepared, display.status)

    try:
        with display.showing():
            status = watch_run(connection, run_id, display, Pace(limit=waiting.timeout))
    except (KeyboardInterrupt, KubeflowError) as error:
        ended = _as_still_running(error, run_id)
        ended.report = known()
        raise ended from error
    console.print(sentence(status), style=STYLES[status.state], soft_wrap=True)
    _leave(console, waiting, known())
    return exit_code(status)


def _as_still_running(error: BaseException, run_id: str) -> StillRunningError:
    if isinstance(error, StillRunningError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return StillRunningError(f"no longer waiting for the run; {how_to_go_on(run_id)}", INTERRUPTED)
    return StillRunningError(f"{error}; as far as is known {how_to_go_on(run_id)}")


def _leave(console: Console, waiting: Waiting, value: dict[str, Any]) -> None:
    """Writes the JSON of a run that has been started, whose fate a file that cannot be written does not change."""
    try:
        write_json(value, waiting.json)
    except KubeflowError as error:
        console.print(str(error), style="bold red", soft_wrap=True)
