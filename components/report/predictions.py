"""What the models said of every test example: the Evaluator's predictions.parquet, read without TensorFlow."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from components.evaluator.decisions import Decisions
from components.report.files import read_bytes
from components.report.told import NotThereError, Told

if TYPE_CHECKING:
    import pyarrow as pa

FILE = "predictions.parquet"
CANDIDATE, SERVED, LINEAR = "candidate", "served", "linear"
MODELS = (CANDIDATE, SERVED, LINEAR)


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
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(pa.BufferReader(read_bytes(folder, FILE)))
    told = json.loads(table.schema.metadata[b"bertline"])
    labels = len(told["scored"])
    scores = {model: _matrix(table, model, labels) for model in MODELS if _has(table, model)}
    valid = np.isfinite(scores[CANDIDATE]).all(axis=1)
    names = tuple(told["names"])
    return Predictions(
        kind=told["kind"],
        names=names,
        scored=tuple(told["scored"]),
        ids=np.array(table["id"].to_pylist(), dtype=object)[valid],
        targets=_matrix(table, "target", labels)[valid] > 0,
        scores={model: values[valid] for model, values in scores.items()},
        decisions={
            model: Decisions(told["kind"], names, tuple(one["thresholds"] or ()))
            for model, one in told["decisions"].items()
        },
        invalid=int(np.count_nonzero(~valid)),
    )


def _has(table: pa.Table, model: str) -> bool:
    return model in table.column_names and table[model].null_count < max(table.num_rows, 1)


def _matrix(table: pa.Table, column: str, labels: int) -> np.ndarray:
    """A column of lists, [N, L]; float32, NaN where a row has none."""
    rows = [[None] * labels if row is None else row for row in table[column].to_pylist()]
    return np.array(rows, dtype=np.float32).reshape(-1, labels)
