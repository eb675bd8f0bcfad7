"""Proves that a SavedModel can be used, by asking it as TensorFlow Serving would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401  registers the operators of the exported graph

from components.errors import PushError
from components.features import TEXT, TEXT_PAIR
from components.model_failure import cause_of
from components.precision import computing_in
from components.signatures import PREDICTED, SCORES, SERVING_DEFAULT

_TEXT = "A text, to see that the model answers."


class Answer(NamedTuple):
    """What a model says of a text.

    Attributes:
        scores: [labels]; one alone is that of the positive label of two.
        predicted: the label's name or, where labels do not exclude each other, [labels] whether each holds.
    """

    scores: tuple[float, ...]
    predicted: str | tuple[bool, ...]


def load_and_score(folder: str, texts: Sequence[str | Sequence[str]]) -> list[Answer]:
    """What the model answers to each text, by the signature `serving_default`.

    Args:
        folder: of the SavedModel.
        texts: any number of them; of a model that takes pairs, two texts each.

    Raises:
        PushError: the model cannot be loaded or called, or has not one answer of each kind for every text.
    """
    try:
        return _score(_load(folder), texts)
    except Exception as error:
        raise _unusable(folder, error) from error


def prove_usable(folder: str) -> None:
    """Has the SavedModel score a text, or two. Raises PushError where it cannot be loaded or called."""
    try:
        signature = _load(folder)
        _score(signature, [(_TEXT,) * len(_inputs(signature))])
    except Exception as error:
        raise _unusable(folder, error) from error


def _load(folder: str) -> Any:
    with computing_in("float32"):
        return tf.saved_model.load(folder).signatures[SERVING_DEFAULT]


def _inputs(signature: Any) -> list[str]:
    return [TEXT, TEXT_PAIR] if TEXT_PAIR in signature.structured_input_signature[1] else [TEXT]


def _score(signature: Any, texts: Sequence[str | Sequence[str]]) -> list[Answer]:
    rows = [(text,) if isinstance(text, str) else tuple(text) for text in texts]
    names = _inputs(signature)
    if any(len(row) != len(names) for row in rows):
        raise ValueError(f"it takes {' and '.join(names)}, so that each sample must have {len(names)} text(s)")
    columns = {name: tf.constant([row[index] for row in rows], tf.string) for index, name in enumerate(names)}
    with computing_in("float32"):
        answers = signature(**columns)
    scores, predicted = answers[SCORES].numpy(), answers[PREDICTED].numpy()
    return [
        Answer(tuple(map(float, own)), _label(label)) for _, own, label in zip(rows, scores, predicted, strict=True)
    ]


def _label(predicted: bytes | np.ndarray) -> str | tuple[bool, ...]:
    return predicted.decode() if isinstance(predicted, bytes) else tuple(map(bool, predicted))


def _unusable(folder: str, error: Exception) -> PushError:
    return PushError(
        f"the SavedModel in {folder} cannot be loaded and called as TensorFlow Serving would: {cause_of(error)}; "
        "mend the model's export, and run again"
    )
