"""The exported model: a SavedModel that takes text, with the signatures that serving and evaluation rely on.

Only functions and variables are saved, no Keras objects and no optimizer: what is loaded is what is computed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
import tf_keras as keras

from components.features import (
    INPUT_MASK,
    INPUT_TYPE_IDS,
    INPUT_WORD_IDS,
    MULTICLASS,
    MULTILABEL,
    TEXT,
    TEXT_PAIR,
)
from components.signatures import (
    DECISIONS_FILE,
    ORIGIN_FILE,
    PREDICTED,
    SCORES,
    SERVING_DEFAULT,
    SERVING_EXAMPLES,
    TOKENS,
)
from components.trainer.batches import encoder_inputs, pad
from components.trainer.decisions import Decided

Outputs = dict[str, tf.Tensor]
_TEXTS = tf.TensorSpec([None], tf.string)
_IDS = tf.TensorSpec([None, None], tf.int64)


class TextClassifier(tf.Module):
    """A fine-tuned model behind Transform's own graph, with label names, temperature and thresholds inside.

    Signatures: `serving_default` (texts), `serving_examples` (serialized raw tf.Examples, for Evaluator) and `tokens`
    (ids already made).
    """

    def __init__(
        self,
        model: keras.Model,
        transform_output: tft.TFTransformOutput,
        labels: Mapping[str, Any],
        pair: bool = False,
    ) -> None:
        """
        Args:
            model: from encoder inputs to logits `[batch, labels]`.
            transform_output: what Transform left.
            labels: `kind`, `names` and `threshold` of the section `labels`.
            pair: whether texts come in pairs.
        """
        super().__init__(name="text_classifier")
        self._preprocessing = transform_output.transform_features_layer()
        self._weights = list(model.variables)
        self._kind, self._names = labels["kind"], tuple(labels["names"])
        outputs = int(model.output_shape[-1])
        self._temperature = tf.Variable(tf.ones([1 if self._kind == MULTICLASS else outputs]), trainable=False)
        self._thresholds = tf.Variable(
            tf.fill([outputs], tf.constant(labels["threshold"], tf.float32)), trainable=False
        )
        # A closure keeps the Keras model itself, and with it the optimizer, out of what is tracked and saved.
        self.logits = tf.function(lambda inputs: model(inputs, training=False), autograph=False)
        inputs = (TEXT, TEXT_PAIR) if pair else (TEXT,)
        self._parsed = {name: tf.io.FixedLenFeature([], tf.string) for name in inputs}
        self.serving_default = _signature(self._of_texts, dict.fromkeys(inputs, _TEXTS))
        self.serving_examples = _signature(self._of_examples, {"examples": _TEXTS})
        ids = (INPUT_WORD_IDS, INPUT_MASK, INPUT_TYPE_IDS) if pair else (INPUT_WORD_IDS, INPUT_MASK)
        self.tokens = _signature(self._of_tokens, dict.fromkeys(ids, _IDS))

    def settle(self, decided: Decided) -> None:
        """Takes over temperature and thresholds."""
        self._temperature.assign(decided.temperature)
        if decided.thresholds is not None:
            self._thresholds.assign(decided.thresholds)

    def decisions(self) -> dict[str, Any]:
        """What the graph does with logits, for those who read the model: numbers as float32 has them."""
        thresholds = None if self._kind == MULTICLASS else _numbers(self._thresholds)
        return {
            "kind": self._kind,
            "names": list(self._names),
            "thresholds": thresholds,
            "temperature": _numbers(self._temperature),
        }

    def _of_texts(self, **texts: tf.Tensor) -> Outputs:
        """Texts, string [batch], to `scores` float32 [batch, labels] and `predicted`."""
        tokens = self._preprocessing({name: text[:, None] for name, text in texts.items()})
        ragged = {name: tf.RaggedTensor.from_sparse(value) for name, value in tokens.items()}
        return self._decide(self._score(pad(ragged[INPUT_WORD_IDS], ragged.get(INPUT_TYPE_IDS))))

    def _of_examples(self, examples: tf.Tensor) -> Outputs:
        """Serialized raw tf.Examples, string [batch], of which only the texts are read; answers as for texts."""
        parsed: Any = tf.io.parse_example(examples, self._parsed)
        return self._of_texts(**parsed)

    def _of_tokens(self, **ids: tf.Tensor) -> Outputs:
        """Ids, mask and type ids, int64 [batch, tokens], [CLS] and [SEP] included, to `scores`."""
        narrow = {name: tf.cast(value, tf.int32) for name, value in ids.items()}
        return {
            SCORES: self._score(encoder_inputs(narrow[INPUT_WORD_IDS], narrow[INPUT_MASK], narrow.get(INPUT_TYPE_IDS)))
        }

    def _score(self, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        """The encoder's inputs, int32 [batch, tokens] each, to probabilities, float32 [batch, labels]."""
        logits = self.logits(inputs) / self._temperature
        return tf.nn.softmax(logits) if self._kind == MULTICLASS else tf.sigmoid(logits)

    def _decide(self, scores: tf.Tensor) -> Outputs:
        """Adds what is predicted to the scores: the label, string [batch], or bool [batch, labels] of multilabel."""
        if self._kind == MULTICLASS:
            return {SCORES: scores, PREDICTED: tf.gather(tf.constant(self._names), tf.argmax(scores, axis=1))}
        holds = scores >= self._thresholds
        if self._kind == MULTILABEL:
            return {SCORES: scores, PREDICTED: holds}
        negative, positive = self._names
        return {SCORES: scores, PREDICTED: tf.where(holds[:, 0], positive, negative)}


def export(classifier: TextClassifier, folder: str, origin: Mapping[str, Any]) -> None:
    """Saves the model with its three signatures as a SavedModel in `folder`, and beside it what it decides by and what
    its weights go with (`Job.origin`).
    """
    signatures = {
        SERVING_DEFAULT: classifier.serving_default,
        SERVING_EXAMPLES: classifier.serving_examples,
        TOKENS: classifier.tokens,
    }
    tf.saved_model.save(classifier, folder, signatures=signatures)
    for name, content in ((DECISIONS_FILE, classifier.decisions()), (ORIGIN_FILE, origin)):
        path = os.path.join(folder, name)
        tf.io.gfile.makedirs(os.path.dirname(path))
        with tf.io.gfile.GFile(path, "w") as file:
            file.write(json.dumps(content, indent=2))


def _signature(function: Any, inputs: dict[str, tf.TensorSpec]) -> Any:
    """The function of named tensors as a graph."""
    specs = {name: tf.TensorSpec(spec.shape, spec.dtype, name=name) for name, spec in inputs.items()}
    graph: Any = tf.function(function, autograph=False)
    return graph.get_concrete_function(**specs)


def _numbers(variable: tf.Variable) -> list[float]:
    return np.asarray(variable.numpy(), np.float32).astype(float).tolist()
