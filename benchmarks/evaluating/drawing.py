"""The bootstrap on predictions that are made up: as many rows, labels and slices as are asked for."""

from __future__ import annotations

import numpy as np

from components.evaluator.bootstrap import resample
from components.evaluator.decisions import Decisions
from components.evaluator.intervals import Resampled
from components.evaluator.measures import every_figure
from components.evaluator.names import ACCURACY, CANDIDATE, EXAMPLE_COUNT, OVERALL
from components.evaluator.predictions import Predictions
from components.evaluator.wanted import wanted_figures
from components.features import BINARY, MULTILABEL

# Three features' values, of each of which a row has one: as length bands, labels and sources.
_SLICES = {"band": 3, "label": 2, "source": 3}
SLICES = sum(_SLICES.values())
_SEED = 20_777
_CONFIDENCE = 0.95
_GATES = {"metrics": {ACCURACY: {"at_least": 0.5}}}


def make_predictions(rows: int, labels: int) -> Predictions:
    """Predictions of one label of two, or of several labels that may hold together, in `SLICES` slices."""
    random = np.random.default_rng(_SEED)
    targets = random.random((rows, labels)) < 0.5
    logits = random.standard_normal((rows, labels)) + 2 * targets - 1  # an area under the ROC curve of 0.92
    scores = (1 / (1 + np.exp(-logits))).astype(np.float32)
    names = ("neg", "pos") if labels == 1 else tuple(f"l{number}" for number in range(labels))
    decisions = Decisions(BINARY if labels == 1 else MULTILABEL, names, (0.5,) * labels)
    return Predictions(
        kind=decisions.kind,
        names=names,
        scored=decisions.scored,
        ids=np.array([f"{row:032x}" for row in range(rows)]),
        targets=targets.astype(np.int8),
        slices=_slices(random, rows),
        scores={CANDIDATE: scores},
        decisions={CANDIDATE: decisions},
    )


def draw(predictions: Predictions, draws: int) -> Resampled:
    """What the step draws where it has no rival and gates the accuracy alone."""
    figures = dict.fromkeys((*every_figure(predictions.scored), EXAMPLE_COUNT), 1.0)
    wanted = wanted_figures(_GATES, {CANDIDATE: dict.fromkeys((OVERALL, *predictions.slices), figures)})
    return resample(predictions, wanted, draws, _CONFIDENCE)


def _slices(random: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    found = {}
    for feature, values in _SLICES.items():
        held = random.integers(0, values, rows)
        found |= {f"{feature}={value}": held == value for value in range(values)}
    return found
