"""What the local launcher's tests share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.kubeflow.local import run_compiled, steps_of
from pipeline.steps import State, Step
from tests.pipeline.kubeflow.local import specs


class Recorder:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, State]] = []

    def changed(self, step: Step) -> None:
        self.told.append((step.name, step.state))


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


class Runner:
    """Runs tasks in one home; `steps` are those of the latest run, however it ended."""

    def __init__(self, home: Path, recorder: Recorder) -> None:
        self._home, self._recorder = home, recorder
        self.steps: list[Step] = []

    def __call__(
        self, *tasks: dict[str, Any], parameters: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Step]:
        arguments = {key: more.pop(key) for key in ("clock", "read_only", "root") if key in more}
        compiled = specs.compiled(*tasks, **more)
        self.steps = steps_of(compiled)
        run_compiled(compiled, self._home, parameters or {}, self._recorder, steps=self.steps, **arguments)
        return {step.name: step for step in self.steps}


@pytest.fixture
def run(tmp_path, recorder) -> Runner:
    return Runner(tmp_path / "home", recorder)
