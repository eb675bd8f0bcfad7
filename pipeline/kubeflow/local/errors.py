"""What can go wrong while a compiled pipeline runs here."""

from __future__ import annotations

from pathlib import Path

from pipeline.kubeflow.errors import KubeflowError


class AttemptError(Exception):
    """An attempt at a step has failed: driver, command or launcher. `exit_code` is the command's, where it ended."""

    def __init__(self, problem: str, exit_code: int | None = None) -> None:
        super().__init__(problem)
        self.exit_code = exit_code


class StepFailedError(KubeflowError):
    """A step has failed, and with it the run.

    Attributes:
        step: its name.
        exit_code: of its command, negative where a signal ended it; None where the command had no part in it.
        log: where all that it wrote lies.
    """

    def __init__(self, step: str, problem: str, exit_code: int | None, log: Path, last_lines: list[str]) -> None:
        tail = "".join(f"\n  {line}" for line in last_lines)
        super().__init__(f"{step} has failed: {problem}; see {log}{', which ends with' if tail else ''}{tail}")
        self.step, self.exit_code, self.log = step, exit_code, log
