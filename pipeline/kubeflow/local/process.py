"""Runs a command as a container would: in a process group of its own, which ends with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pipeline.kubeflow.local.errors import AttemptError

# Kubernetes waits 30 s after SIGTERM; for somebody at a keyboard that is long.
_GRACE_SECONDS = 10.0


def run_process(
    command: list[str], folder: Path, environment: Mapping[str, str], log: Path, seconds: float | None
) -> int:
    """Runs a command to its end, its output appended to a file. Whatever ends the waiting ends the command.

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
    with log.open("ab") as output:
        try:
            process = subprocess.Popen(
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
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired as error:
        raise AttemptError(f"DeadlineExceeded: it ran for more than {seconds:g} s") from error
    finally:
        _end(process)


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
