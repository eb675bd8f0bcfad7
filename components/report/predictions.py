"""What the models said of every test example: the Evaluator's predictions.parquet, read without TensorFlow."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from components.evaluator.decisions import Decisions
from components.evaluator.names import CANDIDATE, RIVALS
from components.report.files import read_bytes
from components.report.told import NotThereError, Told

MODELS = (CANDIDATE, *RIVALS)


@dataclasses.dataclass(frozen=True)
class Predictions:
    """The scores of N examples for L labels, of the models that there are. Rows without a candidate's score are out.

    Attributes:
        kind: of the labels.
        names: all of them.
        scored: those that have a score: of two the positive one.
        ids: str [N].
        targets: bool [N, L].
        scores: float32 [N, L] by model; NaN where a model gave no probability.
        decisions: how each model answers.
        invalid: how many examples the candidate gave no probability for.
    """

    kind: str
    names: tuple[str, ...]
    scored: tuple[str, ...]
    ids: np.ndarray
    targets: np.ndarray
    scores: Mapping[str, np.ndarray]
    decisions: Mapping[str, Decisions]
    invalid: int

    @property
    def answers(self) -> np.ndarray:
        """Which labels the candidate says hold, bool [N, L]."""
        return self.decisions[CANDIDATE].decide(self.scores[CANDIDATE]) > 0.5

    def by_frequency(self) -> np.ndarray:
        """The labels' places, the most frequent first: int [L]."""
        return np.argsort(-self.targets.sum(axis=0), kind="stable")


def read(run: Told) -> Predictions:
    """The predictions of a run. Raises NotThereError where there are none."""
    folder = run.output("Evaluator", "evaluation")
    found = _read(folder)
    if not len(found.ids):
        raise NotThereError("No example of the test split has scores.")
    return found


def _read(folder: str) -> Predictions:
    from components.evaluator.predictions import (  # Arrow, which a stopped run needs none of
        PREDICTIONS_FILE,
        parse_predictions,
    )

    found = parse_predictions(read_bytes(folder, PREDICTIONS_FILE))
    valid = np.isfinite(found.scores[CANDIDATE]).all(axis=1)
    return Predictions(
        kind=found.kind,
        names=found.names,
        scored=found.scored,
        ids=found.ids[valid],
        targets=found.targets[valid] > 0,
        scores={model: values[valid] for model, values in found.scores.items()},
        decisions=found.decisions,
        invalid=int(np.count_nonzero(~valid)),
    )
