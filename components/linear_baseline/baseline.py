"""From a task's splits to what the baseline answers: it learns on train, and decides on eval, as the Trainer does."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from components import progress
from components.errors import TrainingError
from components.features import EVAL, SPLITS, TEST, TRAIN
from components.linear_baseline import reading, regression, vectors
from components.linear_baseline.predictions import Scored
from components.linear_baseline.reading import Batch
from components.linear_baseline.regression import Regression
from components.linear_baseline.settings import Task
from components.linear_baseline.vectors import Rows, Vectoriser
from components.trainer.decisions import Decided, decide, scores_of
from components.trainer.metrics import measure

_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Baseline:
    """What there is to keep: the scores of `eval` and `test`, `decisions` and `summary` as JSON values."""

    scored: dict[str, Scored]
    decisions: dict[str, Any]
    summary: dict[str, Any]


def make_baseline(files: Mapping[str, Sequence[str]], task: Task) -> Baseline:
    """Learns and answers. The same files and task give the same scores.

    Args:
        files: of every split, gzipped TFRecords of raw Examples.
        task: what the texts and labels are.

    Raises:
        TrainingError: the train or the eval split is empty.
    """
    begin = time.monotonic()
    splits = _Splits(files, task)
    model = _learn(splits, task)
    answered = {split: _answer(model, splits.read(split), len(task.scored)) for split in (EVAL, TEST)}
    of_eval = answered[EVAL]
    decided = decide(
        task.kind, task.labels["names"], of_eval.logits, of_eval.targets, task.decisions, task.labels["threshold"]
    )
    scored = {
        split: Scored(answers.ids, scores_of(task.kind, answers.logits, decided.temperature))
        for split, answers in answered.items()
    }
    metrics = measure(task.kind, scored[EVAL].scores, of_eval.targets, decided.thresholds, task.scored, task.at_recall)
    _LOG.info("the linear baseline on the eval split: %s", metrics)
    summary = {
        "vectoriser": vectors.SETTINGS,
        "regression": regression.SETTINGS,
        **{f"{split}_examples": count for split, count in splits.counts.items()},
        "features": model.features,
        "seconds": round(time.monotonic() - begin, 1),
        EVAL: metrics,
        "decisions": decided.report,
        "notes": model.notes,
    }
    return Baseline(scored, _decisions(task, decided), summary)


@dataclasses.dataclass(frozen=True)
class _Model:
    """A vectoriser for each place of a pair, and one regression on what both give, side by side."""

    vectorisers: list[Vectoriser]
    regression: Regression
    notes: list[str]

    @property
    def features(self) -> int:
        return sum(vectoriser.features for vectoriser in self.vectorisers)

    def logits(self, batch: Batch) -> np.ndarray:
        """Float32 [n, labels]."""
        pairs = zip(self.vectorisers, batch.texts, strict=True)
        return self.regression.logits(_beside([vectoriser.transform(texts) for vectoriser, texts in pairs]))


@dataclasses.dataclass(frozen=True)
class _Answers:
    """Logits and targets, [n, labels], of the examples with these ids."""

    ids: list[str]
    logits: np.ndarray
    targets: np.ndarray


class _Splits:
    """The splits, batch by batch. What has been read is reported as progress."""

    def __init__(self, files: Mapping[str, Sequence[str]], task: Task) -> None:
        self._files, self._task = files, task
        self.counts = {split: reading.count(files[split]) for split in SPLITS}
        self._done, self._total = 0, sum(self.counts.values())

    def read(self, split: str) -> Iterator[Batch]:
        """The batches of a split."""
        for batch in reading.read(self._files[split], len(self._task.scored), self._task.pair):
            yield batch
            self._done += len(batch.ids)
            progress.report(progress.Progress(self._done, self._total, "texts"))


def _learn(splits: _Splits, task: Task) -> _Model:
    if not splits.counts[TRAIN]:
        raise TrainingError(f"the {TRAIN} split has no example; give it data, or more weight in data.splits")
    vectorisers = [Vectoriser() for _ in range(2 if task.pair else 1)]
    targets = []
    for batch in splits.read(TRAIN):
        for vectoriser, texts in zip(vectorisers, batch.texts, strict=True):
            vectoriser.add(texts)
        targets.append(batch.targets)
    rows = _beside([vectoriser.fit() for vectoriser in vectorisers])
    held = np.concatenate(targets)
    learned = regression.fit(task.kind, rows, held)
    return _Model(vectorisers, learned, regression.notes(task.kind, task.scored, held, learned))


def _answer(model: _Model, batches: Iterator[Batch], labels: int) -> _Answers:
    ids: list[str] = []
    logits, targets = [np.zeros((0, labels), np.float32)], [np.zeros((0, labels), np.int64)]
    for batch in batches:
        ids += batch.ids
        logits.append(model.logits(batch))
        targets.append(batch.targets)
    return _Answers(ids, np.concatenate(logits), np.concatenate(targets))


def _beside(parts: list[Rows]) -> Rows:
    from scipy import sparse

    return parts[0] if len(parts) == 1 else sparse.hstack(parts, format="csr")


def _decisions(task: Task, decided: Decided) -> dict[str, Any]:
    return {
        "kind": task.kind,
        "names": list(task.labels["names"]),
        "thresholds": None if decided.thresholds is None else decided.thresholds.astype(float).tolist(),
        "temperature": decided.temperature.astype(float).tolist(),
    }
