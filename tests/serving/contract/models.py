"""Writes the models of the contract: `python -m tests.serving.contract.models FOLDER [FOLDER AS THE SERVER SEES IT]`.

All compute something that can be told by hand:

    text      versions 1 and 2, both served; labels stable = 1, canary = 2. text -> scores, predicted, as bertline's
              exports: a text's score is its length in bytes / (length + version), `long` from 0.9 on, else `short`
    latest    versions 1, 2 and 3, of which the default policy serves the last
    pair      text, text_pair -> same: bool
    floats    x [batch, 2] -> y = the sum of each row [batch, 1]; signature `types`: every type that JSON can hold
    examples  tf.Examples with a feature x: signatures to classify, regress and predict, with their method names
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"

_CONFIG = """\
model_config_list {{
  config {{
    name: "text"
    base_path: "{folder}/text"
    model_platform: "tensorflow"
    model_version_policy {{ all {{}} }}
    version_labels {{ key: "stable" value: 1 }}
    version_labels {{ key: "canary" value: 2 }}
    version_labels {{ key: "missing" value: 99 }}
  }}
  config {{ name: "latest" base_path: "{folder}/latest" model_platform: "tensorflow" }}
  config {{ name: "pair" base_path: "{folder}/pair" model_platform: "tensorflow" }}
  config {{ name: "floats" base_path: "{folder}/floats" model_platform: "tensorflow" }}
  config {{ name: "examples" base_path: "{folder}/examples" model_platform: "tensorflow" }}
}}
"""
_MONITORING = 'prometheus_config { enable: true path: "/monitoring/prometheus/metrics" }\n'


class _Text(tf.Module):
    def __init__(self, version: int) -> None:
        self.version = tf.Variable(tf.constant(float(version)))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def serve(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        lengths = tf.cast(tf.strings.length(text), tf.float32)
        scores = lengths / (lengths + self.version)
        return {"scores": scores[:, tf.newaxis], "predicted": tf.where(scores >= 0.9, "long", "short")}


class _Pair(tf.Module):
    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="text"),
            tf.TensorSpec([None], tf.string, name="text_pair"),
        ]
    )
    def serve(self, text: tf.Tensor, text_pair: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"same": text == text_pair}


class _Floats(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def serve(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": tf.reduce_sum(x, axis=1, keepdims=True)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def types(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {
            "float": x,
            "double": tf.cast(x, tf.float64) / 3,
            "int32": tf.cast(x, tf.int32),
            "int64": tf.cast(x, tf.int64),
            "uint8": tf.cast(x, tf.uint8),
            "bool": x > 1,
            "text": tf.strings.as_string(x),
            "raw_bytes": tf.strings.as_string(x),
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def special(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"quotient": x / tf.zeros_like(x)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def scalar(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"sum": tf.reduce_sum(x)}


class _Examples(tf.Module):
    """x is 0.5 where an example has none."""

    def _x(self, inputs: tf.Tensor) -> Any:
        return tf.io.parse_example(inputs, {"x": tf.io.FixedLenFeature([], tf.float32, 0.5)})["x"]

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def classify(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        x = self._x(inputs)
        classes = tf.broadcast_to(tf.constant([["yes", "no"]]), [tf.shape(x)[0], 2])
        return {"classes": classes, "scores": tf.stack([x, 1 - x], axis=1)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def scores(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        x = self._x(inputs)
        return {"scores": tf.stack([x, 1 - x], axis=1)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def regress(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"outputs": 2 * self._x(inputs)[:, tf.newaxis] + 1}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def flat(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"outputs": self._x(inputs), "scores": self._x(inputs)}


def write_models(folder: Path, served_from: str = "") -> None:
    """Writes the models, and the files that a server is started with: models.config and monitoring.config.

    Args:
        folder: is made.
        served_from: the folder's absolute path on the server, where it is another.
    """
    for version in (1, 2):
        _save(_Text(version), folder / "text" / str(version), serving_default="serve")
    for version in (1, 2, 3):
        _save(_Text(version), folder / "latest" / str(version), serving_default="serve")
    _save(_Pair(), folder / "pair" / "1", serving_default="serve")
    _save(
        _Floats(), folder / "floats" / "1", serving_default="serve", types="types", special="special", scalar="scalar"
    )
    examples = folder / "examples" / "1"
    _save(_Examples(), examples, serving_default="classify", scores="scores", regress="regress", flat="flat")
    _name_methods(examples / "saved_model.pb", serving_default=CLASSIFY, scores=CLASSIFY, regress=REGRESS)
    config = _CONFIG.format(folder=served_from or folder.absolute())
    (folder / "models.config").write_text(config, encoding="utf-8")
    (folder / "monitoring.config").write_text(_MONITORING, encoding="utf-8")


def _save(module: tf.Module, folder: Path, **signatures: str) -> None:
    functions = {key: getattr(module, name) for key, name in signatures.items()}
    tf.saved_model.save(module, str(folder), signatures=functions)


def _name_methods(path: Path, **methods: str) -> None:
    """TensorFlow 2 writes every signature as one to predict."""
    saved_model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    for key, method in methods.items():
        saved_model.meta_graphs[0].signature_def[key].method_name = method
    path.write_bytes(saved_model.SerializeToString())


if __name__ == "__main__":
    write_models(Path(sys.argv[1]), *sys.argv[2:3])
