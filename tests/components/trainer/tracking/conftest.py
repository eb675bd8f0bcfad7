"""A training that is told to a tracker, and W&B kept from the network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

RECORD = {
    "config": {"training": {"learning_rate": 3e-5, "patience": None, "static_shapes": False}, "labels": ["a", "b"]},
    "encoder": "tiny",
    "parameters": np.int64(1234),
}
OUTCOME = {
    "epochs": {"loss": [0.5, 0.4], "val_auc": [0.9, 0.8]},
    "best_epoch": 1,
    "precision": "float32",
}


def scores_and_targets():
    """Of 200 texts and three labels, of which no text has the last."""
    generator = np.random.default_rng(0)
    targets = (generator.random((200, 3)) < 0.3).astype(np.float32)
    targets[:, 2] = 0
    scores = np.clip(generator.random((200, 3)) * 0.6 + targets * 0.4, 0, 1).astype(np.float32)
    return scores, targets


def tell(tracker, model_folder=None, steps=range(1, 5), done=range(0), **more):
    """A training of two epochs of two steps each; `done`: epochs that are told again, as after a kill."""
    tracker.start(RECORD | more)
    for number in done:
        tell_epoch(tracker, number)
    for step in steps:
        tracker.step(step, {"loss": 1.0 / step, "learning_rate": 1e-5 * step})
        if step % 2 == 0:
            tell_epoch(tracker, step // 2)
    tracker.curves(4, *scores_and_targets(), ["a", "b", "c"])
    tracker.finish(OUTCOME, model_folder)


def tell_epoch(tracker, number):
    step = 2 * number
    tracker.epoch(number, step, {"loss": 1.0 / step, "val_auc": 0.5 + step / 10})


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "variables.index").write_bytes(b"weights")
    return folder


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package reports its own errors to its makers, and would take a key that the machine has."""
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.setenv("WANDB_X_STATS_SAMPLING_INTERVAL", "0.2")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("WANDB_MODE", raising=False)
