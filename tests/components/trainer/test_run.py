from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_text  # noqa: F401  registers the ops of the exported graph

from components.errors import EncoderError
from components.signatures import DECISIONS_FILE, ORIGIN_FILE
from components.trainer.files import HISTORY_FILE
from components.trainer.job import Job
from components.trainer.run import run_fn
from components.trainer.warmup import WARMUP_FILE
from tests.fresh_process import scores_in_a_fresh_process

TEXTS = ["a good movie", "a bad movie"]


def train(job: Job, folder: Path, base_model: Path | None = None) -> Path:
    arguments: Any = SimpleNamespace(
        train_files=job.train_files,
        eval_files=job.eval_files,
        transform_output=job.transform_output,
        model_run_dir=str(folder / "run"),
        serving_model_dir=str(folder / "model"),
        base_model=None if base_model is None else str(base_model),
        custom_config=job.settings,
    )
    run_fn(arguments)
    return folder


def record_of(folder: Path) -> dict:
    return json.loads((folder / "run" / HISTORY_FILE).read_text())


def scores(folder: Path) -> np.ndarray:
    model = tf.saved_model.load(str(folder / "model"))
    return model.signatures["serving_default"](text=tf.constant(TEXTS))["scores"].numpy()


def variables(folder: Path) -> dict[str, np.ndarray]:
    reader = tf.train.load_checkpoint(str(folder / "model" / "variables" / "variables"))
    names = reader.get_variable_to_shape_map()
    return {name: reader.get_tensor(name) for name in names if name.startswith("_weights/")}


def test_it_learns_decides_exports_and_tells(make_job, tmp_path):
    job = make_job("multilabel", epochs=3, precision="bfloat16")
    job.settings["decisions"]["tune"] = "f1"
    job.settings["tracking"]["tensorboard"] = True
    folder = train(job, tmp_path / "out")
    record = record_of(folder)
    assert record["epochs"]["val_auc"][record["best_epoch"] - 1] == max(record["epochs"]["val_auc"])
    assert record["precision"] == "bfloat16"
    assert record["float32"]["examples"] == 40
    assert 0 <= record["float32"]["largest_difference"] < 0.1
    assert record["parameters"] == record["trained_parameters"] > 0
    decided = json.loads((folder / "model" / DECISIONS_FILE).read_text())
    assert decided["thresholds"] == pytest.approx(record["decisions"]["thresholds"])
    assert decided["temperature"] == pytest.approx(record["decisions"]["temperature"])
    assert decided["thresholds"] != [0.5] * 3
    assert record["decisions"]["ece"]["after"] >= 0
    assert (folder / "model" / WARMUP_FILE).stat().st_size > 0
    assert list((folder / "run" / "train").glob("events.out.tfevents.*"))
    assert (folder / "run" / "model_summary.txt").read_text()
    assert json.loads((folder / "model" / ORIGIN_FILE).read_text()) == job.origin
    # A fresh process, which has no bfloat16 option to forget, gives the same scores as this one.
    assert np.allclose(scores_in_a_fresh_process(folder / "model", TEXTS), scores(folder), atol=1e-6)


def test_a_warm_start_begins_where_the_served_model_is(make_job, tmp_path):
    first = train(make_job(epochs=1), tmp_path / "first")
    settled = {"epochs": 1, "learning_rate": 1e-12, "warm_start": True}
    warm = train(make_job(**settled), tmp_path / "warm", first / "model")
    assert record_of(warm)["warm_start"] == {"from": str(first / "model"), "used": True, "reason": None}
    before, after = variables(first), variables(warm)
    assert all(np.allclose(before[name], after[name], atol=1e-6) for name in before)
    cold = train(make_job(**settled), tmp_path / "cold", tmp_path / "nothing-served")
    assert record_of(cold)["warm_start"] is None
    assert not all(np.allclose(before[name], value, atol=1e-6) for name, value in variables(cold).items())


def test_an_encoder_that_changed_since_the_run_began_is_refused(make_job, tmp_path):
    job = make_job()
    job.settings["encoder"] = {**job.settings["encoder"], "digest": "another"}
    with pytest.raises(EncoderError, match="changed while the run was going on"):
        train(job, tmp_path / "out")
    assert not (tmp_path / "out").exists()
