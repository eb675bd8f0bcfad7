"""The search over the real pipeline and the real training, on a tiny encoder."""

from __future__ import annotations

import csv
import random
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
import yaml
from rich.console import Console

from components.errors import SettingsError, TrainingError
from pipeline.config_file import load_config
from pipeline.outside import unobserved
from pipeline.pipeline import build_components
from pipeline.tune.bench import PipelineBench, study_name, upstream_of
from pipeline.tune.space import OF_LAYERS, read_space
from pipeline.tune.tune import DataSteps
from tests.tiny_encoder import WORDS

ROOT = Path(__file__).parents[3]
GOOD, BAD = ("good", "great", "amazing", "loved"), ("bad", "terrible", "boring", "hated")
DATA_STEPS = {"TextExampleGen", "StatisticsGen", "CuratedSchema", "ExampleValidator", "DataGate", "Transform"}


def test_only_what_the_trainer_needs_is_run():
    config = load_config("demo")
    found = upstream_of(build_components(config, unobserved(config)), "Trainer")
    assert {component.id for component in found} == DATA_STEPS
    # TFX refuses a pipeline whose steps know of one that is not in it.
    assert {node.id for component in found for node in component.downstream_nodes} <= DATA_STEPS
    config = load_config("demo", ["training.warm_start=true"])
    found = upstream_of(build_components(config, unobserved(config)), "Trainer")
    assert {component.id for component in found} == {*DATA_STEPS, "ServedModel"}


@pytest.mark.parametrize(
    ("override", "same"),
    [
        ("training.learning_rate=3e-5", True),  # which is searched
        ("training.checkpoint_steps=7", True),
        ("tracking.tensorboard=false", True),
        ("gates.metrics.accuracy.at_least=0.5", True),
        ("training.loss=focal", False),
        ("training.seed=7", False),
        ("training.select_by=loss", False),
        ("encoder.max_tokens=64", False),
        ("encoder.pooling=cls", False),
        ("data.sample.fraction=0.2", False),
    ],
)
def test_trials_that_can_be_compared_are_of_one_study(override, same):
    def name(*overrides):
        config = load_config("demo", overrides)
        return study_name(config, unobserved(config), read_space(None, config))

    assert name().startswith("demo-")
    assert (name() == name(override)) is same


def test_another_space_is_another_study(tmp_path):
    config = load_config("demo")
    path = tmp_path / "space.yaml"
    path.write_text("encoder.pooling: [mean, cls]")
    cls = load_config("demo", ["encoder.pooling=cls"])
    names = [study_name(each, unobserved(each), read_space(path, each)) for each in (config, cls)]
    assert names[0] == names[1]
    assert names[0] != study_name(config, unobserved(config), read_space(None, config))


def steps_of(encoder: Path, folder: Path, monkeypatch, *overrides: str) -> DataSteps:
    monkeypatch.setattr("pipeline.outside.observe", lambda *_: None)
    overrides = (f"encoder.handle={encoder}", "encoder.max_tokens=16", f"pipeline.root={folder}", *overrides)
    return DataSteps(load_config("demo", overrides), folder)


def test_an_encoder_that_does_not_tell_its_layers_is_seen_before_any_work(tmp_path, tiny_encoder, monkeypatch):
    steps = steps_of(tiny_encoder, tmp_path, monkeypatch)
    assert not steps.look("now", Console(quiet=True))
    monkeypatch.setattr("components.encoders.layers.trainable_names", lambda _: ["block_1/kernel", "embedding"])
    assert steps.look("now", Console(quiet=True)) == OF_LAYERS


def test_what_every_training_would_refuse_is_refused_before_any_work(tmp_path, tiny_encoder, monkeypatch):
    monkeypatch.setattr("tensorflow.config.list_physical_devices", lambda *_: [])
    steps = steps_of(tiny_encoder, tmp_path, monkeypatch, "training.precision=float16", "training.devices=one")
    with pytest.raises(TrainingError, match=r"training\.precision is float16"):
        steps.look("now", Console(quiet=True))


class FakeTracker:
    def finish(self, record, model_folder):
        self.record = record


@pytest.mark.parametrize(
    ("error", "is_kept"),
    [
        (SettingsError("the loss became nan"), False),
        (optuna.TrialPruned("far behind"), False),
        (TrainingError("the disk is full"), True),
        (KeyboardInterrupt(), True),
    ],
)
def test_checkpoints_stay_where_the_trial_is_taken_up_again(tmp_path, monkeypatch, error, is_kept):
    def fail(*_):
        raise error

    config = load_config("demo")
    (tmp_path / "checkpoints").mkdir()
    monkeypatch.setattr("components.trainer.train.train", fail)
    monkeypatch.setattr("components.trainer.tracking.make_tracker", lambda *_: FakeTracker())
    outputs = {"Transform": {"transformed_examples": "examples", "transform_graph": "graph"}}
    bench = PipelineBench(unobserved(config), outputs, tmp_path / "checkpoints")
    with pytest.raises(type(error)):
        bench.train(config, tmp_path, lambda *_: None)
    assert (tmp_path / "checkpoints").exists() is is_kept


@pytest.fixture
def project(tmp_path, tiny_encoder) -> Path:
    """A task whose texts say good or bad things, and a space in which one trial in two diverges."""
    chance = random.Random(1)
    with (tmp_path / "reviews.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for number in range(400):
            words = [chance.choice(WORDS[:18]) for _ in range(8)] + [chance.choice((BAD, GOOD)[number % 2])]
            chance.shuffle(words)
            writer.writerow([" ".join(words), ("neg", "pos")[number % 2]])
    settings = {
        "pipeline": {"name": "tuned", "root": str(tmp_path / "runs")},
        "data": {"source": "files", "path": str(tmp_path / "reviews.csv"), "max_characters": 1000},
        "schema": "generic",
        "encoder": {"handle": str(tiny_encoder), "max_tokens": 16},
        "training": {"epochs": 2, "batch_size": 16, "learning_rate": 1e-3, "precision": "float32"},
        "gates": {"metrics": {"auc": {"at_least": 0.5}}},
    }
    (tmp_path / "task.yaml").write_text(yaml.safe_dump(settings))
    (tmp_path / "space.yaml").write_text("training.learning_rate: [1.0e-3, 1.0e+38]\nencoder.pooling: [mean, cls]\n")
    return tmp_path


RUN = (
    "import sys\nfrom pathlib import Path\nfrom pipeline.config_file import load_config\n"
    "from pipeline.tune.tune import Options, tune\nfolder = Path(sys.argv[1])\n"
    "options = Options(trials=int(sys.argv[2]), search=folder / 'space.yaml')\n"
    "sys.exit(tune(load_config(str(folder / 'task.yaml')), options))\n"
)


def tuned(folder: Path, trials: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", RUN, str(folder), str(trials)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


@pytest.mark.e2e
def test_data_steps_run_once_and_every_trial_trains(project):
    first = tuned(project, 3)
    assert first.returncode == 0, first.stdout + first.stderr
    second = tuned(project, 5)
    assert second.returncode == 0, second.stdout + second.stderr
    assert "going on: 3 of 5 trials are there" in second.stdout
    assert [line.split()[1] for line in second.stdout.splitlines() if line.split()[:1] == ["Transform"]] == ["cached"]
    home = project / "runs" / "tuned" / "tune"
    with (home / "trials.csv").open() as file:
        trials = list(csv.DictReader(file))
    assert trials[0]["state"] == "done"  # the task as it is
    assert len(trials) == 5
    failed = [trial for trial in trials if trial["state"] == "failed"]
    assert {trial["training.learning_rate"] for trial in failed} <= {"1e+38"}
    assert all("loss became" in trial["reason"] for trial in failed)
    best = load_config(str(home / "best.yaml"))
    assert best.training.learning_rate == 1e-3
    assert not (home / "checkpoints").exists()
    assert list((home / "trials" / "trial-0000").rglob("events.out.tfevents.*"))
    kept = {path.suffix for path in home.rglob("*") if path.is_file()}
    assert not kept & {".index", ".data-00000-of-00001", ".npz", ".h5"}
