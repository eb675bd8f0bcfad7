"""What two runs' models answer to the same test examples, from the predictions that their evaluations keep."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from components.evaluator.decisions import Decisions

PREDICTIONS_FILE = "predictions.parquet"
_CANDIDATE = "candidate"


@dataclasses.dataclass(frozen=True)
class Answers:
    """What a run's model answers: `ids` [n], in ascending order; `targets` and `answers` 1 or 0, [n, labels]."""

    scored: tuple[str, ...]
    ids: np.ndarray
    targets: np.ndarray
    answers: np.ndarray


def read_answers(folder: str | None) -> Answers | None:
    """The answers in an output `evaluation`, None where it keeps none that can be read."""
    if folder is None:
        return None
    try:
        table = pq.read_table(Path(folder, PREDICTIONS_FILE), columns=["id", "target", _CANDIDATE]).sort_by("id")
        told = json.loads((table.schema.metadata or {})[b"bertline"])
        scored, count = tuple(told["scored"]), table.num_rows
        scores = _matrix(table, _CANDIDATE, len(scored))
        thresholds = told["decisions"][_CANDIDATE]["thresholds"] or ()
        decisions = Decisions(told["kind"], tuple(told["names"]), tuple(thresholds))
        targets = _matrix(table, "target", len(scored))
        ids = np.array(table["id"].to_pylist(), dtype=str).reshape(count)
    except (OSError, ValueError, LookupError, TypeError, pa.ArrowException):
        return None
    return Answers(scored, ids, targets.astype(np.int8), decisions.decide(scores).astype(np.int8))


def compare_answers(a: Answers, b: Answers) -> dict[str, Any] | None:
    """How many test examples are the same, and on how many of those the answers differ; None where labels differ.

    Where they differ, `only_a_right` and `only_b_right` say who answered as the labels have it. An example whose
    label changed in between is the same no more.
    """
    if a.scored != b.scored:
        return None
    _, of_a, of_b = np.intersect1d(a.ids, b.ids, return_indices=True)
    same = (a.targets[of_a] == b.targets[of_b]).all(axis=1)
    of_a, of_b = of_a[same], of_b[same]
    right_a, right_b = ((one.answers[at] == one.targets[at]).all(axis=1) for one, at in ((a, of_a), (b, of_b)))
    differ = (a.answers[of_a] != b.answers[of_b]).any(axis=1)
    return {
        "rows_a": len(a.ids),
        "rows_b": len(b.ids),
        "same": int(same.sum()),
        "relabelled": int((~same).sum()),
        "differ": int(differ.sum()),
        "only_a_right": int((right_a & ~right_b).sum()),
        "only_b_right": int((right_b & ~right_a).sum()),
    }


def interval_of_difference(a: str | None, b: str | None, slice_name: str, metric: str) -> list[float] | None:
    """The confidence interval of the difference of a metric on the examples that two evaluations share.

    Args:
        a: the one's output `evaluation`.
        b: the other's.
        slice_name: `overall`, or feature=value.
        metric: its name.

    None for now: here is the place for the paired bootstrap of `components.evaluator`.
    """
    del a, b, slice_name, metric
    return None


def _matrix(table: pa.Table, column: str, labels: int) -> np.ndarray:
    """A column of lists as [rows, labels]. Raises ValueError where a list is not of so many."""
    return np.array(table[column].to_pylist(), dtype=np.float32).reshape(table.num_rows, labels)
