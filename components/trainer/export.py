"""The exported model: a SavedModel that takes text, with the signatures that serving and evaluation rely on.

Only functions and variables are saved, no Keras objects and no optimizer: what is loaded is what is computed.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tensorflow_transform as tft
import tf_keras as keras

from components.features import INPUT_WORD_IDS, TEXT
from components.signatures import PREDICTED, SCORES, SERVING_DEFAULT, SERVING_EXAMPLES, TOKENS
from components.trainer.dataset import encoder_inputs, pad

Outputs = dict[str, tf.Tensor]


class TextClassifier(tf.Module):
    """A fine-tuned model behind Transform's own graph, with label names and decision threshold inside.

    Signatures: `serving_default` (texts), `serving_examples` (serialized raw tf.Examples, for Evaluator) and `tokens`
    (ids already made).
    """

    def __init__(
        self, model: keras.Model, transform_output: tft.TFTransformOutput, names: list[str], threshold: float
    ) -> None:
        super().__init__(name="text_classifier")
        self._preprocessing = transform_output.transform_features_layer()
        self._weights = list(model.variables)
        # A closure keeps the Keras model itself, and with it the optimizer, out of what is tracked and saved.
        self._logits = lambda inputs: model(inputs, training=False)
        self._names = tuple(names)
        self._threshold = threshold

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def serving_default(self, text: tf.Tensor) -> Outputs:
        """Texts, string [batch], to `scores` float32 [batch, labels] and `predicted` string [batch]."""
        tokens = self._preprocessing({TEXT: text[:, None]})[INPUT_WORD_IDS]
        return self._decide(self._score(pad(tf.RaggedTensor.from_sparse(tokens))))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serving_examples(self, examples: tf.Tensor) -> Outputs:
        """Serialized raw tf.Examples, string [batch], of which only `text` is read; answers as serving_default."""
        parsed: Any = tf.io.parse_example(examples, {TEXT: tf.io.FixedLenFeature([], tf.string)})
        return self.serving_default(parsed[TEXT])

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int64, name="input_word_ids"),
            tf.TensorSpec([None, None], tf.int64, name="input_mask"),
        ]
    )
    def tokens(self, input_word_ids: tf.Tensor, input_mask: tf.Tensor) -> Outputs:
        """Ids and their mask, int64 [batch, tokens], [CLS] and [SEP] included, to `scores`."""
        inputs = encoder_inputs(tf.cast(input_word_ids, tf.int32), tf.cast(input_mask, tf.int32))
        return {SCORES: self._score(inputs)}

    def _score(self, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        """The encoder's inputs, int32 [batch, tokens] each, to probabilities, float32 [batch, labels]."""
        return tf.sigmoid(self._logits(inputs))

    def _decide(self, scores: tf.Tensor) -> Outputs:
        """Adds each row's label, string [batch], to its scores, [batch, 1]."""
        negative, positive = self._names
        return {SCORES: scores, PREDICTED: tf.where(scores[:, 0] >= self._threshold, positive, negative)}


def export(classifier: TextClassifier, folder: str) -> None:
    """Saves the model with its three signatures as a SavedModel in `folder`."""
    signatures = {
        SERVING_DEFAULT: classifier.serving_default,
        SERVING_EXAMPLES: classifier.serving_examples,
        TOKENS: classifier.tokens,
    }
    tf.saved_model.save(classifier, folder, signatures=signatures)
