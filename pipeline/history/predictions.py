"""What two runs' models answer to the same test examples, from the predictions that their evaluations keep."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from components.evaluator.bootstrap import resample
from components.evaluator.intervals import Interval
from components.evaluator.measures import every_figure
from components.evaluator.names import CANDIDATE, METRICS, OVERALL, SERVED
from components.evaluator.predictions import PREDICTIONS_FILE, Predictions, parse_predictions

_DRAWS, _CONFIDENCE = 1000, 0.95


def read_answers(folder: str | None) -> Predictions | None:
    """The predictions in an output `evaluation`, None where it keeps none that can be read."""
    if folder is None:
        return None
    try:
        found = parse_predictions(Path(folder, PREDICTIONS_FILE).read_bytes())
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return found if CANDIDATE in found.scores else None


def compare_answers(a: Predictions, b: Predictions) -> dict[str, Any] | None:
    """How many test examples are the same, and on how many of those the answers differ; None where labels differ.

    Where they differ, `only_a_right` and `only_b_right` say who answered as the labels have it. An example whose
    label changed in between is the same no more.
    """
    if a.scored != b.scored:
        return None
    _, of_a, of_b = np.intersect1d(a.ids, b.ids, return_indices=True)
    same = (a.targets[of_a] == b.targets[of_b]).all(axis=1)
    of_a, of_b = of_a[same], of_b[same]
    answers_a, answers_b = _answers(a)[of_a], _answers(b)[of_b]
    right_a, right_b = (answers_a == a.targets[of_a]).all(axis=1), (answers_b == b.targets[of_b]).all(axis=1)
    differ = (answers_a != answers_b).any(axis=1)
    return {
        "rows_a": len(a.ids),
        "rows_b": len(b.ids),
        "same": int(same.sum()),
        "relabelled": int((~same).sum()),
        "differ": int(differ.sum()),
        "only_a_right": int((right_a & ~right_b).sum()),
        "only_b_right": int((right_b & ~right_a).sum()),
    }


def _answers(one: Predictions) -> np.ndarray:
    """Whether each label is said to hold, 1 or 0, [n, labels]."""
    return one.decisions[CANDIDATE].decide(one.scores[CANDIDATE])


@dataclasses.dataclass(frozen=True)
class OnShared:
    """B's figure less A's on the examples of a slice that both runs were evaluated on.

    Attributes:
        examples: how many these are.
        is_all: whether neither run was evaluated on any other, so that this is the difference of the verdicts, too.
        difference: of the figures.
        interval: its, None where there is none.
    """

    examples: int
    is_all: bool
    difference: float
    interval: Interval | None


def differences_on_shared(a: Predictions | None, b: Predictions | None) -> Callable[[str, str], OnShared | None]:
    """From slice and metric to what there is to say of the examples that both runs were evaluated on.

    None everywhere where they share none, or have other labels: see `components.evaluator.bootstrap`.
    """
    both = None if a is None or b is None else _on_the_same_rows(a, b)
    if a is None or b is None or both is None:
        return lambda slice_name, metric: None
    wanted = {OVERALL: every_figure(both.scored), **dict.fromkeys(both.slices, METRICS)}
    found = resample(both, {CANDIDATE: wanted, SERVED: wanted}, _DRAWS, _CONFIDENCE)

    def on_shared(slice_name: str, metric: str) -> OnShared | None:
        of_b, of_a = (found.figures.get((model, slice_name, metric)) for model in (CANDIDATE, SERVED))
        if of_a is None or of_b is None:
            return None
        shared, *own = (_count(one, slice_name) for one in (both, a, b))
        interval = found.difference(SERVED, slice_name, metric)
        return OnShared(shared, own == [shared, shared], of_b.estimate - of_a.estimate, interval)

    return on_shared


def _count(one: Predictions, slice_name: str) -> int:
    return len(one.ids) if slice_name == OVERALL else int(one.slices[slice_name].sum())


def _on_the_same_rows(a: Predictions, b: Predictions) -> Predictions | None:
    """Both runs' models on the rows that they share, A's as if it were served; None where there are no such rows."""
    if (a.kind, a.scored) != (b.kind, b.scored):
        return None
    of_a, of_b = _shared(a, b)
    if not len(of_a):
        return None
    slices = {name: a.slices[name][of_a] & b.slices[name][of_b] for name in a.slices if name in b.slices}
    return dataclasses.replace(
        a,
        ids=a.ids[of_a],
        targets=a.targets[of_a],
        slices=slices,
        scores={CANDIDATE: b.scores[CANDIDATE][of_b], SERVED: a.scores[CANDIDATE][of_a]},
        decisions={CANDIDATE: b.decisions[CANDIDATE], SERVED: a.decisions[CANDIDATE]},
    )


def _shared(a: Predictions, b: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """Where the shared rows stand in either; of a text that is repeated one row, unless all rows are the same."""
    if np.array_equal(a.ids, b.ids) and np.array_equal(a.targets, b.targets):
        return np.arange(len(a.ids)), np.arange(len(b.ids))
    _, of_a, of_b = np.intersect1d(a.ids, b.ids, return_indices=True)
    same = (a.targets[of_a] == b.targets[of_b]).all(axis=1)
    return of_a[same], of_b[same]
