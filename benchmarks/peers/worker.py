"""A process that keeps a model loaded, and measures when it is told to: JSON lines in, JSON lines out.

Standard library alone, since it runs in the pipeline's environment and in the benchmarks' own.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

Answer = dict[str, Any]


class WorkerError(Exception):
    """A worker died or could not do what it was told; with the last lines that it wrote."""


class Worker:
    """The orchestrator's end of a worker's pipe."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log

    def ask(self, command: str, **arguments: Any) -> Answer:
        """Has the worker run a command, and waits for its answer.

        Raises:
            WorkerError: the command failed, or the worker is gone.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # a dead worker's pipe is found empty below
            self._process.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            last = "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
            raise WorkerError(f"the process for '{command}' ended with code {self._process.wait()}:\n{last}")
        answer: Answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(f"'{command}' failed: {answer['error']}")
        return answer


@contextlib.contextmanager
def start(python: Path, module: str, folder: Path, log: Path) -> Iterator[Worker]:
    """Runs `python -m module` in `folder` for as long as the block takes; what it logs goes to `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(python), "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            cwd=folder,
            text=True,
        )
    try:
        yield Worker(process, log)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def serve(commands: Mapping[str, Callable[..., Answer]]) -> None:
    """A worker's main loop: answers a command a line until standard input ends.

    Whatever else writes to standard output goes to standard error instead.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        arguments = json.loads(line)
        try:
            answer = commands[arguments.pop("command")](**arguments)
        except Exception as error:  # noqa: BLE001 (goes to who asked)
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
