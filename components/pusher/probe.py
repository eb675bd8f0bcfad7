"""Proves that a SavedModel can be used, by asking it as TensorFlow Serving would."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf
import tensorflow_text  # noqa: F401  registers the operators of the exported graph

from components.errors import PushError
from components.model_failure import cause_of
from components.precision import computing_in
from components.signatures import PREDICTED, SCORES, SERVING_DEFAULT

_TEXT = "A text, to see that the model answers."


def load_and_score(folder: str, texts: Sequence[str]) -> list[tuple[float, str]]:
    """The score of the positive label and the predicted label of each text, by the signature `serving_default`.

    Args:
        folder: of the SavedModel.
        texts: any number of them.

    Raises:
        PushError: the model cannot be loaded or called, or has not one answer of each kind for every text.
    """
    try:
        return _score(folder, texts)
    except Exception as error:
        raise PushError(
            f"the SavedModel in {folder} cannot be loaded and called as TensorFlow Serving would: {cause_of(error)}; "
            "mend the model's export, and run again"
        ) from error


def prove_usable(folder: str) -> None:
    """Has the SavedModel score a text. Raises PushError where it cannot be loaded or called."""
    load_and_score(folder, [_TEXT])


def _score(folder: str, texts: Sequence[str]) -> list[tuple[float, str]]:
    with computing_in("float32"):
        signature = tf.saved_model.load(folder).signatures[SERVING_DEFAULT]
        answers = signature(text=tf.constant(list(texts), tf.string))
    rows = zip(texts, answers[SCORES].numpy(), answers[PREDICTED].numpy(), strict=True)
    return [(float(scores[0]), predicted.decode()) for _, scores, predicted in rows]
