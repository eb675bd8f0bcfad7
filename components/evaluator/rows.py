"""A batch of examples as columns: who they are, what is true of them, the slices they are in, and what models say.

Whole columns, not rows, go through TFMA: for short texts its work on each row by itself would take longer than the
model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import tensorflow_model_analysis as tfma

# Registers the tokeniser's operators in whichever process loads the models: Beam's workers import this module.
import tensorflow_text  # noqa: F401
from tfx_bsl.coders import example_coder

from components import features
from components.evaluator import scoring_progress
from components.evaluator.identities import Identities
from components.evaluator.linear import LinearScores
from components.evaluator.names import CANDIDATE, LINEAR
from components.signatures import SCORES

ROWS = "rows"
_SIGNATURE_INPUT = "examples"


class Rows(NamedTuple):
    """A batch: `ids` [batch], `targets` int8 [batch, labels], `slices` [batch], tuples of feature=value, `groups` int64
    [batch] (see `Identities.bits`), and of each model `scores` float32 [batch, labels].

    Every score of a row is NaN where one of them is no probability.
    """

    ids: np.ndarray
    targets: np.ndarray
    slices: np.ndarray
    groups: np.ndarray
    scores: dict[str, np.ndarray]


class ReadRows:
    """Takes what is known of a batch's rows out of its Arrow batch, and leaves the serialized Examples for the models.

    A callable, from TFMA's extracts to others.
    """

    def __init__(self, sliced: Sequence[str], terms: Mapping[str, Sequence[str]]) -> None:
        """
        Args:
            sliced: the features that rows are sliced by, where an example has them.
            terms: of each group of people, by its name.
        """
        self._sliced, self._identities = tuple(sliced), Identities(terms)

    def __call__(self, serialized: np.ndarray) -> dict[str, Any]:
        """Serialized Examples, bytes [batch], to extracts with the fields of `Rows` but scores under `ROWS`, and TFMA's
        INPUT_KEY: arrays alone, since TFMA divides a batch that a model fails on, to try its rows one by one.
        """
        batch = example_coder.ExamplesToRecordBatchDecoder().DecodeBatch(serialized.tolist())
        groups = self._groups(batch)
        by_feature = {feature: values for feature in self._sliced if (values := _values(batch, feature)) is not None}
        slices = np.empty(batch.num_rows, object)
        slices[:] = [
            (
                *(f"{feature}={_text(value)}" for feature, values in by_feature.items() for value in values[row] or ()),
                *self._identities.slices(int(groups[row])),
            )
            for row in range(batch.num_rows)
        ]
        rows = {
            "ids": np.array([_text(value[0]) for value in _column(batch, features.ID)], dtype=object),
            "targets": np.array(_column(batch, features.TARGET), np.int8).reshape(batch.num_rows, -1),
            "slices": slices,
            "groups": groups,
        }
        # By the name of the signature's input: without, TFMA calls it in a way that TensorFlow refuses first.
        return {ROWS: rows, tfma.INPUT_KEY: serialized, tfma.FEATURES_KEY: {_SIGNATURE_INPUT: serialized}}

    def _groups(self, batch: pa.RecordBatch) -> np.ndarray:
        if not self._identities.names:
            return np.zeros(batch.num_rows, np.int64)
        columns = [values for name in (features.TEXT, features.TEXT_PAIR) if (values := _values(batch, name))]
        texts = zip(*columns, strict=True)
        return np.array([self._identities.bits(*(_text(text[0]) for text in of_row)) for of_row in texts], np.int64)


class AddScores:
    """Puts what the models predicted, and the linear baseline's scores, into the rows. A callable, as `ReadRows`."""

    def __init__(self, linear: LinearScores | None) -> None:
        self._linear = linear

    def __call__(self, extracts: dict[str, Any]) -> dict[str, Any]:
        """Extracts with `ROWS` alone."""
        rows = extracts[ROWS]
        predictions = extracts[tfma.PREDICTIONS_KEY]
        if isinstance(predictions, np.ndarray) or SCORES in predictions:
            predictions = {CANDIDATE: predictions}
        scores = {model: valid_scores(_of_signature(outputs)) for model, outputs in predictions.items()}
        if self._linear is not None:
            scores[LINEAR] = valid_scores(self._linear.of(rows["ids"]))
        scoring_progress.advance(len(rows["ids"]))
        return {ROWS: Rows(**rows, scores=scores)}


def valid_scores(scores: np.ndarray) -> np.ndarray:
    """The scores [batch, labels]; NaN in every place of a row where one of them is no probability."""
    are_probabilities = ((scores >= 0) & (scores <= 1)).all(axis=-1, keepdims=True)
    return np.where(are_probabilities, scores, np.float32(np.nan))


def _of_signature(outputs: dict[str, np.ndarray] | np.ndarray) -> np.ndarray:
    # TFMA unwraps the outputs of a signature that has only one.
    return outputs if isinstance(outputs, np.ndarray) else outputs[SCORES]


def _column(batch: pa.RecordBatch, name: str) -> list[Any]:
    return batch.column(batch.schema.get_field_index(name)).to_pylist()


def _values(batch: pa.RecordBatch, name: str) -> list[Any] | None:
    """A list of values a row, or None where no row of the batch has the feature."""
    return _column(batch, name) if name in batch.schema.names else None


def _text(value: bytes | int | float) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
