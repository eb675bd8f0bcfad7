from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf
from click.testing import CliRunner

from pipeline.cli_score import score_command
from tests.components.pusher.tiny_model import LengthModel, PairModel, write_model


class FussyModel(LengthModel):
    """Fails on a batch that holds the text `refuse me`, and has no number for `nan`."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def serve(self, text):
        refused = tf.reduce_any(tf.equal(text, "refuse me"))
        with tf.control_dependencies([tf.debugging.assert_equal(refused, False, "out of order")]):
            scores = tf.minimum(tf.cast(tf.strings.length(text), tf.float32) / self.longest, 1.0)
        scores = tf.where(tf.equal(text, "nan"), float("nan"), scores)[:, None]
        return {"scores": scores, "predicted": tf.where(scores[:, 0] >= 0.5, "pos", "neg")}


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory) -> Path:
    """Versions of a model that scores a text by its length: ten bytes or more are 1."""
    base = tmp_path_factory.mktemp("models")
    write_model(base / "length" / "7", LengthModel())
    write_model(base / "pairs" / "1", PairModel())
    write_model(base / "fussy" / "1", FussyModel())
    tf.saved_model.save(tf.Module(), str(base / "encoder"))
    return base


@pytest.fixture
def score(tmp_path, monkeypatch):
    """Runs the verb in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        return CliRunner().invoke(score_command, list(map(str, arguments)))

    return run
