from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_text  # noqa: F401  registers the ops of the exported graph

from components.errors import TrainingError
from components.trainer.run import HISTORY_FILE, run_fn
from components.trainer.warmup import WARMUP_FILE
from tests.components.trainer.conftest import write_transformed
from tests.fresh_process import scores_in_a_fresh_process

TEXTS = ["a good movie", "a bad movie"]
TRAINING = {
    "epochs": 3, "batch_size": 8, "learning_rate": 3e-3, "warmup_fraction": 0.1, "weight_decay": 0.01,
    "clip_norm": 1.0, "dropout": 0.1, "precision": "float32", "seed": 7,
}  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory, transform_output) -> dict[str, str]:
    """A task that can be learnt: a text is positive where it holds the id of 'good' and not that of 'bad'."""
    folder = tmp_path_factory.mktemp("examples")
    layer = transform_output.transform_features_layer()
    ids = layer({"text": tf.constant([["good"], ["bad"]])})["input_word_ids"]
    good, bad = (int(row[1]) for row in tf.sparse.to_dense(ids).numpy())
    random = np.random.default_rng(1)

    def rows(count: int) -> list[tuple[list[int], float]]:
        noise = [random.integers(5, 30, random.integers(1, 10)).tolist() for _ in range(count)]
        return [([2, *words, good if n % 2 else bad, 3], float(n % 2)) for n, words in enumerate(noise)]

    return {
        name: write_transformed(folder / f"{name}.gz", rows(count)) for name, count in (("train", 96), ("eval", 32))
    }


def train(folder: Path, files: dict[str, str], transform_path: str, encoder: dict, **settings) -> Path:
    arguments: Any = SimpleNamespace(
        train_files=[files["train"]],
        eval_files=[files["eval"]],
        transform_output=transform_path,
        model_run_dir=str(folder / "run"),
        serving_model_dir=str(folder / "model"),
        custom_config={
            "encoder": encoder,
            "training": {**TRAINING, **settings},
            "labels": {"names": ["neg", "pos"], "threshold": 0.5},
        },
    )
    run_fn(arguments)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory, files, transform_output, encoder_settings) -> Path:
    return train(
        tmp_path_factory.mktemp("trained"),
        files,
        str(Path(transform_output.transform_savedmodel_dir).parent),
        encoder_settings,
    )


def history(folder: Path) -> dict:
    return json.loads((folder / "run" / HISTORY_FILE).read_text())


def scores(folder: Path) -> np.ndarray:
    model = tf.saved_model.load(str(folder / "model"))
    return model.signatures["serving_default"](text=tf.constant(TEXTS))["scores"].numpy()


def test_it_learns_and_exports_what_it_learnt(trained):
    good, bad = scores(trained)[:, 0]
    assert good > 0.8
    assert bad < 0.2
    assert (trained / "model" / WARMUP_FILE).stat().st_size > 0


def test_the_history_holds_every_epoch_and_which_was_best(trained):
    record = history(trained)
    assert set(record["epochs"]) == {
        "loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc", "examples_per_second",
    }  # fmt: skip
    assert all(len(values) == 3 for values in record["epochs"].values())
    assert record["epochs"]["val_auc"][record["best_epoch"] - 1] == max(record["epochs"]["val_auc"])
    assert record["precision"] == "float32"


def test_tensorboard_gets_train_and_validation_curves(trained):
    assert list((trained / "run" / "train").glob("events.out.tfevents.*"))
    assert list((trained / "run" / "validation").glob("events.out.tfevents.*"))


def test_the_best_epoch_is_exported_not_the_last(tmp_path, files, transform_output, encoder_settings, monkeypatch):
    """Made certain by training on: an epoch is best, and then a far too high rate destroys the model."""
    from components.trainer import run as module

    class Ruinous(module.keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2 and self.model:
                for variable in self.model.trainable_variables:
                    variable.assign(tf.zeros_like(variable))

    monkeypatch.setattr(module, "StopOnNaN", Ruinous)  # the first callback; this training has no NaN to stop on
    train(tmp_path, files, str(Path(transform_output.transform_savedmodel_dir).parent), encoder_settings)
    record = history(tmp_path)
    assert record["best_epoch"] < 3
    assert record["epochs"]["val_auc"][2] < 0.6
    good, bad = scores(tmp_path)[:, 0]
    assert good > bad + 0.3


def test_the_same_seed_gives_the_same_model(tmp_path, trained, files, transform_output, encoder_settings):
    again = train(tmp_path, files, str(Path(transform_output.transform_savedmodel_dir).parent), encoder_settings)
    assert history(again)["epochs"]["loss"] == pytest.approx(history(trained)["epochs"]["loss"], rel=1e-4)
    assert np.allclose(scores(again), scores(trained), atol=1e-3)


def test_a_loss_that_explodes_is_an_error_with_a_remedy(tmp_path, files, transform_output, encoder_settings):
    with pytest.raises(TrainingError, match=r"lower training\.learning_rate"):
        train(
            tmp_path, files, str(Path(transform_output.transform_savedmodel_dir).parent), encoder_settings,
            learning_rate=1e30, clip_norm=1e30, warmup_fraction=0.0,
        )  # fmt: skip
    assert not (tmp_path / "model").exists()


def test_what_bfloat16_trained_is_exported_in_float32(tmp_path, files, transform_output, encoder_settings):
    """A fresh process, which has no bfloat16 option to forget, gives the same scores as this one."""
    folder = train(
        tmp_path, files, str(Path(transform_output.transform_savedmodel_dir).parent), encoder_settings,
        precision="bfloat16", epochs=1,
    )  # fmt: skip
    assert history(folder)["precision"] == "bfloat16"
    assert np.allclose(scores_in_a_fresh_process(folder / "model", TEXTS), scores(folder), atol=1e-6)
