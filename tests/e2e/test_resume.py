"""A real run that is killed, in mid-epoch or while it is evaluated, and goes on where it was."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.e2e.conftest import Project, Run, write_reviews

pytestmark = pytest.mark.e2e

# Three epochs of 38 steps; the untrained encoder learns nothing that a gate would let pass.
SETTINGS = """
pipeline: {{name: e2e, root: {root}}}
data:
  {{source: files, path: {data}, label: sentiment, splits: {{train: 0.5, eval: 0.2, test: 0.3}}, max_characters: 30000}}
schema: imdb
encoder: {{handle: {encoder}, max_tokens: 64}}
training: {{epochs: 3, batch_size: 8, checkpoint_steps: 10, precision: float32, dropout: 0.3}}
gates: {{metrics: {{accuracy: {{at_least: 0.99}}}}}}
"""
# What the untrained encoder passes.
PASSING = ("gates.metrics.accuracy.at_least=0.05", "training.epochs=1")


def make_project(folder: Path, encoder: Path) -> Project:
    folder.mkdir()
    data = write_reviews(folder / "reviews.csv", 600)
    (folder / "e2e.yaml").write_text(SETTINGS.format(root=folder / "runs", data=data, encoder=encoder))
    return Project(folder)


def latest(project: Project) -> dict[str, Any]:
    """Where the checkpoints say that training is."""
    for path in project.folder.glob("runs/e2e/checkpoints/e2e/*/latest.json"):
        return json.loads(path.read_text())["progress"]
    return {"step": 0, "in_epoch": 0}


def kill_in_mid_epoch(project: Project) -> int:
    """Runs until a checkpoint inside the second epoch is there; tells its step."""
    command = project.command(project.folder / "killed.json")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=project.folder) as process:
        while (progress := latest(project))["in_epoch"] == 0 or progress["epoch"] == 0:
            assert process.poll() is None, "the run ended before it could be killed"
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    return latest(project)["step"]


def trained(run: Run) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The record of the training, and the exported weights by name."""
    folder = Path(run.summary["paths"]["training"])
    [model] = (folder.parent.parent / "model").glob("*/Format-Serving")
    reader = tf.train.load_checkpoint(str(model / "variables" / "variables"))
    names = [name for name in reader.get_variable_to_shape_map() if name.startswith("_weights/")]
    return json.loads((folder / "history.json").read_text()), {name: reader.get_tensor(name) for name in names}


def test_a_run_killed_in_mid_epoch_ends_with_the_weights_of_one_that_was_not(tmp_path, tiny_encoder):
    killed, whole = (make_project(tmp_path / name, tiny_encoder) for name in ("killed", "whole"))
    step = kill_in_mid_epoch(killed)
    resumed, uninterrupted = killed.run(), whole.run()
    assert resumed.summary["verdict"] == uninterrupted.summary["verdict"] == "NOT BLESSED"
    assert resumed.states()["Transform"] == "cached"
    (record, weights), (expected_record, expected) = trained(resumed), trained(uninterrupted)
    assert record["resumed_at_step"] == step
    assert expected_record["resumed_at_step"] is None
    assert record["epochs"]["loss"] == expected_record["epochs"]["loss"]
    assert record["epochs"]["val_auc"] == expected_record["epochs"]["val_auc"]
    assert weights.keys() == expected.keys()
    assert all(np.array_equal(weights[name], expected[name]) for name in expected)


def kill_in_evaluator(project: Project) -> None:
    """Runs until the Evaluator scores; so many draws follow that it cannot end in the meantime."""
    project.killed(lambda line: "examples scored" in line, *PASSING, "gates.resamples=100000")


def bertline(project: Project, *arguments: str) -> str:
    """What a command that succeeds prints."""
    command = [sys.executable, "-m", "pipeline", *arguments, "--root", str(project.folder / "runs")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=project.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def listed(project: Project) -> list[dict[str, Any]]:
    """The runs that `bertline runs` lists, the newest first."""
    bertline(project, "runs", "list", "--json", str(project.folder / "runs.json"))
    return json.loads((project.folder / "runs.json").read_text())["runs"]


def test_a_run_killed_while_it_is_evaluated_is_told_and_gone_on_with(tmp_path, tiny_encoder):
    project = make_project(tmp_path / "project", tiny_encoder)
    kill_in_evaluator(project)
    assert project.versions() == []
    [killed] = listed(project)
    assert (killed["state"], killed["version"], killed["metrics"]) == ("INTERRUPTED", None, {})
    assert killed["examples"].keys() == {"train", "eval", "test"}

    page = bertline(project, "report", "--output", str(tmp_path / "killed.html"))
    assert str(tmp_path / "killed.html") in page
    numbers = json.loads((tmp_path / "killed.json").read_text())
    assert "was killed" in (tmp_path / "killed.html").read_text()
    states = {name: step["state"] for name, step in numbers["durations"]["steps"].items()}
    assert (states["Trainer"], states["Evaluator"]) == ("done", "cancelled")
    assert numbers["training"]["epochs"]["loss"]
    assert "missing" in numbers["slices"]

    done = project.run(*PASSING, "gates.resamples=100")
    states = done.states()
    assert done.summary["verdict"] == "PUSHED", done.output
    assert (states["Trainer"], states["LinearBaseline"], states["Evaluator"]) == ("cached", "cached", "done")
    assert project.versions() == [done.summary["version"]]
    assert [run["state"] for run in listed(project)] == ["PUSHED", "INTERRUPTED"]
