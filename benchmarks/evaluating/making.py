"""Models to score with, where accuracy does not matter: a MiniLM that was never trained, and one that costs nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils

from components.encoders.handles import EMBEDDED
from components.encoders.resolve import resolve_encoder
from components.features import BINARY, TARGET, TEXT
from components.signatures import SCORES, SERVING_EXAMPLES
from components.trainer.export import TextClassifier, export
from components.trainer.model import build_classifier
from components.transform.preprocessing import preprocessing_fn

LABELS: dict[str, Any] = {"kind": BINARY, "names": ["neg", "pos"], "threshold": 0.5}
MAX_TOKENS = 256  # as imdb.yaml has them; short texts come nowhere near

_HEAD = {"dropout": 0.1, "head_size": 0}
_MEAN_CHARACTERS = 1000.0


def write_untrained(folder: Path, handle: str = EMBEDDED) -> Path:
    """An encoder with a head that knows nothing, behind Transform's graph, exported as any run exports.

    Raises:
        EncoderError: the encoder is not there.
    """
    encoder = {
        "handle": handle,
        "vocab_file": None,
        "lower_case": None,
        "max_tokens": MAX_TOKENS,
        "truncation": "head_tail",
        "pooling": "mean",
    }
    tf.random.set_seed(0)
    model = build_classifier(str(resolve_encoder(handle)), encoder["pooling"], _HEAD, outputs=1)
    with tempfile.TemporaryDirectory(prefix="bertline-transform-") as name:
        classifier = TextClassifier(model, _transform(Path(name), encoder), LABELS)
        export(classifier, str(folder), {})
    return folder


def _transform(folder: Path, encoder: dict[str, Any]) -> tft.TFTransformOutput:
    """What Transform leaves. Nothing in its graph is learnt from data, so that one row is as good as any."""
    specs = {TEXT: tf.io.FixedLenFeature([1], tf.string), TARGET: tf.io.FixedLenFeature([1], tf.int64)}
    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(specs))
    with tft_beam.Context(temp_dir=str(folder / "tmp")):
        made = ([{TEXT: [b"a text"], TARGET: [1]}], metadata) | tft_beam.AnalyzeDataset(
            lambda inputs: preprocessing_fn(inputs, {"encoder": encoder})
        )
        _ = made | tft_beam.WriteTransformFn(str(folder / "output"))
    return tft.TFTransformOutput(str(folder / "output"))


class TrivialModel(tf.Module):
    """Scores a text by its length alone: what is left is what the step costs by itself."""

    def __init__(self) -> None:
        super().__init__()
        # A variable, since a SavedModel without any is not complete.
        self.scale = tf.Variable(tf.constant(_MEAN_CHARACTERS), trainable=False)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serving_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Serialized tf.Examples, string [batch], to `scores` float32 [batch, 1]."""
        parsed: Any = tf.io.parse_example(examples, {TEXT: tf.io.FixedLenFeature([], tf.string)})
        lengths = tf.cast(tf.strings.length(parsed[TEXT]), tf.float32)
        return {SCORES: tf.sigmoid(lengths / self.scale - 1.0)[:, None]}


def write_trivial(folder: Path) -> Path:
    """The model that costs nothing, as a SavedModel."""
    model = TrivialModel()
    tf.saved_model.save(model, str(folder), signatures={SERVING_EXAMPLES: model.serving_examples})
    return folder
