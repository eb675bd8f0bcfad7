"""Runs a command as a container would: in a process group of its own, which ends with it, and with this process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, cast

from pipeline.kubeflow.local.errors import AttemptError

# Kubernetes waits 30 s after SIGTERM; for somebody at a keyboard that is long.
_GRACE_SECONDS = 10.0
# Reads the number of a process group, waits for the end of the pipe that it came through, and ends the group.
_WATCH = 'read -r group; read -r _; kill -s KILL -- "-$group"'


def run_process(
    command: list[str], folder: Path, environment: Mapping[str, str], log: Path, seconds: float | None
) -> int:
    """Runs a command to its end, its output appended to a file. Whatever ends the waiting ends the command, even where
    this process is killed (SIGKILL).

    Args:
        command: the program and its arguments.
        folder: where it runs.
        environment: all of its environment variables.
        log: file for its output and its errors.
        seconds: how long it may run; None is for ever.

    Returns:
        Its exit code, negative where a signal ended it.

    Raises:
        AttemptError: it cannot be begun, or has run too long.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with _watchdog() as pipe:
        process = _begin(command, folder, environment, log)
        try:
            pipe.write(b"%d\n" % process.pid)
            return process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise AttemptError(f"DeadlineExceeded: it ran for more than {seconds:g} s") from error
        finally:
            _end(process)


def _begin(command: list[str], folder: Path, environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    try:
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except (OSError, ValueError) as error:
        raise AttemptError(f"its command {command[0]!r} cannot be run: {error}") from error


@contextlib.contextmanager
def _watchdog() -> Iterator[IO[bytes]]:
    """A shell that ends the process group whose number is written to it, as soon as nobody holds the pipe any more:
    this process alone does, and a killed one lets go of it. Linux's PR_SET_PDEATHSIG would end the command alone, not
    its own sub-processes, and run code between fork and exec, where there are threads.
    """
    with subprocess.Popen(
        ["/bin/sh", "-c", _WATCH],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as watchdog:
        try:
            yield cast("IO[bytes]", watchdog.stdin)
        finally:
            watchdog.kill()  # the group is gone, and its number may become another's


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends what is left of the process group, politely at first where the command itself still runs."""
    try:
        if process.poll() is None:
            _signal(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_SECONDS)
    finally:  # a second Ctrl-C does not wait
        _signal(process.pid, signal.SIGKILL)
        process.wait()


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
