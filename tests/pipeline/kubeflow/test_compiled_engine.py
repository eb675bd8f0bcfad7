from __future__ import annotations

import io

import pytest
from rich.console import Console

from components.errors import BertlineError
from pipeline.kubeflow import compiled_engine, local
from pipeline.kubeflow.compiled_engine import CompiledEngine, with_local_image
from pipeline.kubeflow.local import StepFailedError
from pipeline.steps import State, Step
from pipeline.verdict import Verdict
from tests.pipeline.kubeflow import clusters
from tests.pipeline.test_summary import EVALUATION, ended_steps

CONSOLE = Console(file=io.StringIO())
NOT_PUSHED = {"status": "not_blessed", "version": None, "folder": None, "digest": "d"}


def failing(step: str, exit_code: int):
    """A run whose step fails, its other steps having ended."""

    def run_compiled(compiled, home, parameters, observer, *, steps, **_):
        raise StepFailedError(step, f"{step} failed", exit_code, home / "log", [])

    return run_compiled


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """An engine whose steps have ended before they began."""
    monkeypatch.setattr(local, "steps_of", lambda _: ended_steps(tmp_path, EVALUATION, NOT_PUSHED))
    engine = CompiledEngine(clusters.local(tmp_path))
    engine.prepare("run-1", CONSOLE)
    return engine


def test_a_verdict_that_fails_as_not_blessed_is_no_failure_of_the_run(engine, monkeypatch):
    monkeypatch.setattr(local, "run_compiled", failing("Verdict", 3))
    steps: list[Step] = []
    outcome = engine.execute(steps, CONSOLE)
    assert outcome.verdict is Verdict.NOT_BLESSED
    assert all(step.state is not State.WAITING for step in steps)


@pytest.mark.parametrize(("step", "exit_code"), [("Trainer", 3), ("Verdict", 1), ("Verdict", 137)])
def test_any_other_failure_is_one(engine, monkeypatch, step, exit_code):
    monkeypatch.setattr(local, "run_compiled", failing(step, exit_code))
    with pytest.raises(StepFailedError):
        engine.execute([], CONSOLE)


@pytest.mark.parametrize("words", [["epochs=many"], ["threshold=0.1"], ["epochs"]])
def test_a_parameter_that_the_pipeline_does_not_have_is_refused_before_the_first_step(tmp_path, words):
    with pytest.raises(BertlineError, match="--param"):
        CompiledEngine(clusters.local(tmp_path), words).prepare("run-1", CONSOLE)


def test_a_volume_that_is_not_here_is_refused_before_the_first_step():
    with pytest.raises(BertlineError, match=r"bertline-data.*/data"):
        CompiledEngine(clusters.demo()).prepare("run-1", CONSOLE)


def test_the_image_of_a_local_run_is_the_code_itself(tmp_path, monkeypatch):
    config = clusters.local(tmp_path)
    image = with_local_image(config).kubeflow
    assert image is not None
    assert with_local_image(config) == with_local_image(config.model_copy())
    changed = tmp_path / "pipeline" / "more.py"
    changed.parent.mkdir()
    changed.write_text("")
    monkeypatch.setattr(compiled_engine, "_ROOT", tmp_path)
    other = with_local_image(config).kubeflow
    assert other is not None
    assert other.image != image.image
