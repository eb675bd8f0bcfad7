"""The threshold of a label that is best for a metric, of all that there could be."""

from __future__ import annotations

import dataclasses

import numpy as np

from components.trainer.metrics import OperatingPoints, operating_points

ACCURACY, F1, PRECISION, RECALL = "accuracy", "f1", "precision", "recall"
# The smallest float32 that a graph does not take for 0: TensorFlow's threads flush what is smaller.
_TINY = np.finfo(np.float32).tiny
_ONE = np.float32(1.0)


@dataclasses.dataclass(frozen=True)
class Chosen:
    """A label's threshold, a float32 strictly between 0 and 1, and what it reaches where it was chosen.

    `reached` has accuracy, f1, precision (0 where nothing is called positive) and recall; `meets_floor` says whether
    the floor asked for was reached.
    """

    threshold: float
    reached: dict[str, float]
    meets_floor: bool = True


def choose(scores: np.ndarray, is_positive: np.ndarray, metric: str, floor: float | None, default: float) -> Chosen:
    """The best threshold of one label.

    accuracy, f1: the most of it; of equals, the threshold nearest to `default`. precision: the most recall with a
    precision of at least `floor`; recall: the most precision with a recall of at least `floor`. Where nothing reaches
    the floor, the most of the metric there is. Thresholds stand midway between neighbouring scores, as far as float32
    has a number there: rounding of a score elsewhere does then not flip its answer.

    Args:
        scores: float32 [n], from 0 to 1.
        is_positive: bool [n], with examples of both classes.
        metric: accuracy, f1, precision or recall.
        floor: of precision or recall, else None.
        default: the threshold that there would be without tuning.
    """
    flushed = np.where(scores < _TINY, np.float32(0.0), scores.astype(np.float32))
    points = operating_points(flushed, is_positive)
    thresholds, is_usable = _midpoints(points.thresholds)  # at least one is, whatever the scores
    figures = {name: values[is_usable] for name, values in _figures(points).items()}
    thresholds = thresholds[is_usable]
    best, meets_floor = _best(figures, thresholds, metric, floor, default)
    reached = {name: float(values[best]) for name, values in figures.items()}
    return Chosen(float(thresholds[best]), reached, meets_floor)


def _midpoints(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For falling distinct scores, led by infinity, float32 [points]: a threshold that the score reaches and the next
    lower one does not, and whether there is one between 0 and 1 (bool).
    """
    above = np.concatenate([[_ONE], scores[1:]])
    below = np.concatenate([scores[1:], [np.float32(0.0)]])
    # In float64 the sum of two float32 is exact; rounding to float32 may then fall upon the lower one.
    middle = ((above.astype(np.float64) + below) / 2).astype(np.float32)
    thresholds = np.maximum(np.where(middle > below, middle, above), _TINY)
    is_usable = (thresholds > below) & (thresholds <= above) & (thresholds < _ONE)
    return thresholds, is_usable


def _figures(points: OperatingPoints) -> dict[str, np.ndarray]:
    called = points.hits + points.alarms
    total = points.positives + points.negatives
    return {
        ACCURACY: (points.hits + points.negatives - points.alarms) / total,
        F1: 2 * points.hits / (called + points.positives),
        PRECISION: points.hits / np.maximum(called, 1),
        RECALL: points.hits / points.positives,
    }


def _best(
    figures: dict[str, np.ndarray], thresholds: np.ndarray, metric: str, floor: float | None, default: float
) -> tuple[int, bool]:
    """The place of the best threshold, and whether it reaches the floor."""
    if floor is None:
        # lexsort's last key is its first criterion.
        distance = np.abs(thresholds.astype(np.float64) - default)
        return int(np.lexsort((distance, -figures[metric]))[0]), True
    other = RECALL if metric == PRECISION else PRECISION
    reaches = figures[metric] >= floor
    if not reaches.any():
        return int(np.lexsort((-figures[other], -figures[metric]))[0]), False
    order = np.lexsort((-figures[metric], -figures[other], ~reaches))
    return int(order[0]), True


def reached_at(scores: np.ndarray, is_positive: np.ndarray, threshold: np.float32) -> dict[str, float]:
    """Accuracy, f1, precision and recall of one label's scores, float32 [n], at a threshold.

    Precision, recall and f1 are 0 where there is nothing that they could count.
    """
    called = scores >= threshold
    hits = int(np.count_nonzero(called & is_positive))
    said, positives = int(np.count_nonzero(called)), int(np.count_nonzero(is_positive))
    return {
        ACCURACY: float(np.mean(called == is_positive)),
        F1: 2 * hits / max(said + positives, 1),
        PRECISION: hits / max(said, 1),
        RECALL: hits / max(positives, 1),
    }
