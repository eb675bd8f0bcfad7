"""SavedModels whose answers tell which version gave them, and how."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from serving.server.warmup import WARMUP_FILE


class Echo(tf.Module):
    """Answers with each text's length, and with the number of its version and of the rows that it was computed with."""

    def __init__(self, version: int) -> None:
        super().__init__()
        self.version = tf.Variable(tf.constant(version), trainable=False)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def serving_default(self, text):
        length = tf.strings.length(text)
        return {
            "scores": tf.cast(length, tf.float32)[:, None],
            "predicted": tf.fill(tf.shape(text), tf.strings.format("v{}", self.version)),
            "rows": tf.fill(tf.shape(text), tf.shape(text)[0]),
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def slow(self, text):
        """Takes about as many milliseconds as the longest text has bytes."""
        steps = tf.reduce_max(tf.strings.length(text)) * 4
        square = tf.eye(150)
        _, end = tf.while_loop(lambda i, _: i < steps, lambda i, x: (i + 1, tf.tanh(x @ x)), [0, square])
        return {"scores": tf.cast(tf.strings.length(text), tf.float32)[:, None] + 0.0 * end[0, 0]}

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def sums(self, x):
        return {"y": tf.reduce_sum(x, axis=1)}

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int64, name="ids")])
    def ragged(self, ids):
        return {"y": tf.reduce_sum(ids, axis=1)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def picky(self, text):
        tf.debugging.assert_none_equal(text, "bad", message="a bad text")
        return {"y": tf.strings.length(text)}


def write_echo(base: Path, version: int, warmups: list[str] | None = None) -> Path:
    """The model as a version in a base path, put there by one rename."""
    module = Echo(version)
    staging = base.parent / f".{base.name}-{version}"
    signatures = {name: getattr(module, name) for name in ("serving_default", "slow", "sums", "ragged", "picky")}
    tf.saved_model.save(module, str(staging), signatures=signatures)
    if warmups is not None:
        write_warmups(staging, warmups)
    base.mkdir(exist_ok=True)
    return staging.rename(base / str(version))


def write_warmups(folder: Path, signatures: list[str]) -> None:
    """Warm-up requests with one text, for each of the signatures."""
    (folder / WARMUP_FILE).parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(folder / WARMUP_FILE)) as writer:
        for signature in signatures:
            request = predict_request([b"warm"], signature=signature)
            log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
            writer.write(log.SerializeToString())


def predict_request(texts, *, model="echo", signature="", **spec) -> predict_pb2.PredictRequest:
    """A request for texts."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    if "version" in spec:
        request.model_spec.version.value = spec["version"]
    if "label" in spec:
        request.model_spec.version_label = spec["label"]
    request.inputs["text"].CopyFrom(tf.make_tensor_proto(texts, tf.string))
    return request
