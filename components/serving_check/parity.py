"""The same model without a server: what the served scores must equal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import tensorflow as tf
import tensorflow_text  # noqa: F401  registers the operators of the exported graph

from components.features import TEXT, TEXT_PAIR
from components.model_failure import cause_of
from components.precision import computing_in
from components.signatures import SCORES, SERVING_DEFAULT

_BATCH = 32  # texts

Scores = list[Sequence[float]]
"""[texts, labels]"""


class ModelError(Exception):
    """The model cannot be loaded, or fails on a text.

    Its text is TensorFlow's, which may quote what the model was asked; `kind` is the error's name alone.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(cause_of(error))
        self.kind = type(error).__name__


class InProcessModel:
    """A SavedModel loaded here, which computes in float32 as a server does."""

    def __init__(self, folder: str) -> None:
        """Raises ModelError where it cannot be loaded, or lacks the signature `serving_default`."""
        with computing_in("float32"), _told():
            self._signature = tf.saved_model.load(folder).signatures[SERVING_DEFAULT]

    def score(self, texts: Sequence[bytes], pairs: Sequence[bytes] | None = None) -> Scores:
        """The scores of each text, or pair of texts, by `serving_default`. Raises ModelError where the graph fails."""
        columns = {TEXT: texts} | ({} if pairs is None else {TEXT_PAIR: pairs})
        starts = range(0, len(texts), _BATCH)
        with computing_in("float32"), _told():
            return [row for start in starts for row in self._score(columns, start)]

    def _score(self, columns: Mapping[str, Sequence[bytes]], start: int) -> Scores:
        inputs = {name: tf.constant(list(texts[start : start + _BATCH]), tf.string) for name, texts in columns.items()}
        return self._signature(**inputs)[SCORES].numpy().tolist()


@contextmanager
def _told() -> Iterator[None]:
    """Whatever a graph raises, as ModelError."""
    try:
        yield
    except Exception as error:
        raise ModelError(error) from error


def largest_difference(served: Scores, expected: Scores) -> float:
    """How far any served score is from what it must be; infinite where one is missing or is no number."""
    if [len(row) for row in served] != [len(row) for row in expected]:
        return math.inf
    differences = [
        abs(ours - theirs)
        for row, other in zip(served, expected, strict=True)
        for ours, theirs in zip(row, other, strict=True)
    ]
    if not all(map(math.isfinite, differences)):
        return math.inf
    return max(differences, default=0.0)
