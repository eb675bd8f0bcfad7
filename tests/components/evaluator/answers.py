"""Predictions made of arrays, and the metrics of their slices, as TFMA computes them through our metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from components.evaluator.decisions import Decisions
from components.evaluator.measures import Answers, Measurer
from components.evaluator.names import OVERALL
from components.evaluator.predictions import Predictions, make_table, of_table

BINARY = Decisions("binary", ("neg", "pos"), (0.5,))


def predictions_of(
    targets: np.ndarray,
    scores: Mapping[str, np.ndarray],
    slices: Sequence[Sequence[str]] | None = None,
    decisions: Decisions = BINARY,
) -> Predictions:
    """Of rows [n, labels] (of one label [n]) that every model decides on alike."""
    rows = len(targets)
    return of_table(
        make_table(
            [f"{row:06d}" for row in range(rows)],
            targets.reshape(rows, -1).astype(np.int8),
            slices or [()] * rows,
            {model: of.reshape(rows, -1).astype(np.float32) for model, of in scores.items()},
            dict.fromkeys(scores, decisions),
        )
    )


def metrics_of(predictions: Predictions, model: str) -> dict[str, dict[str, Any]]:
    """Metrics by slice, the whole first."""
    everything = {OVERALL: np.ones(len(predictions.ids), bool), **predictions.slices}
    found = {}
    for name, members in everything.items():
        scores = predictions.scores[model][members]
        answers = Answers(scores, predictions.decisions[model].decide(scores))
        found[name] = Measurer(predictions.kind, predictions.scored, predictions.targets[members], answers).measure()
    return found
