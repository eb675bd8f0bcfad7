"""Real SavedModels that load in no time, sound and broken."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf


class LengthModel(tf.Module):
    """Scores a text by its length, with the signature of ours: ten bytes or more are certainly positive."""

    def __init__(self) -> None:
        super().__init__()
        self.longest = tf.Variable(tf.constant(10.0), trainable=False)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def serve(self, text):
        scores = tf.minimum(tf.cast(tf.strings.length(text), tf.float32) / self.longest, 1.0)[:, None]
        return {"scores": scores, "predicted": tf.where(scores[:, 0] >= 0.5, "pos", "neg")}


class PairModel(LengthModel):
    """Scores the length of each of two texts as a label of its own, at thresholds of 0.5."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=name) for name in ("text", "text_pair")])
    def serve(self, text, text_pair):  # pyright: ignore[reportIncompatibleMethodOverride]
        lengths = tf.cast(tf.strings.length(tf.stack([text, text_pair], axis=1)), tf.float32)
        scores = tf.minimum(lengths / self.longest, 1.0)
        return {"scores": scores, "predicted": scores >= 0.5}


class FailingModel(LengthModel):
    """Loads, and fails when it is called."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def serve(self, text):
        with tf.control_dependencies([tf.debugging.assert_less(self.longest, 0.0, "out of order")]):
            return {"scores": tf.ones([tf.size(text), 1]), "predicted": tf.fill([tf.size(text)], "pos")}


class SilentModel(LengthModel):
    """Answers with scores, and with no label."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def serve(self, text):
        return {"scores": tf.ones([tf.size(text), 1]) * self.longest}


class OneAnswerModel(LengthModel):
    """Answers once, whatever number of texts it is asked."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def serve(self, text):
        return {"scores": tf.ones([1, 1]) * self.longest, "predicted": tf.fill([1], "pos")}


class OtherInputModel(LengthModel):
    """Takes its texts by another name."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="sentence")])
    def serve(self, text):
        return {"scores": tf.ones([tf.size(text), 1]) * self.longest, "predicted": tf.fill([tf.size(text)], "pos")}


def write_model(folder: Path, model: LengthModel, signature: str = "serving_default") -> Path:
    """The model as a SavedModel in `folder`."""
    tf.saved_model.save(model, str(folder), signatures={signature: model.serve})
    return folder
