"""A window of rows through the model, as a ModelHandler of Beam's RunInference."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from apache_beam.ml.inference.base import ModelHandler

from components.example_gen.rows import BadRow, bad_row
from pipeline.score.corpus import WINDOW_ROWS, Item, Window
from pipeline.score.models import Model, Place, RefusedError, TakesNothingError
from serving.client import Prediction

REFUSED = "refused by the model"
NO_NUMBER = "score is no number"


class ScoredWindow(NamedTuple):
    """A window with what the model says of its rows, in the order of the file; `bad` has those it refuses, too."""

    piece: int
    items: list[Item]
    predictions: list[Prediction]
    bad: list[BadRow]


class CorpusHandler(ModelHandler[Window, ScoredWindow, Model]):
    """Loads the model once a process, and scores windows: Beam's batching is off, as a window holds many batches."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place
        self._refused = 0
        self._has_answered = False

    def load_model(self) -> Model:
        """Raises UnreachableError."""
        return self._place.open()

    def run_inference(
        self, batch: Sequence[Window], model: Model, inference_args: dict[str, Any] | None = None
    ) -> Iterable[ScoredWindow]:
        """Scores the windows. Raises UnreachableError; TakesNothingError where it refused all of a window's worth."""
        scored = [score_window(window, model) for window in batch]
        for window in scored:
            self._note(window)
        return scored

    def _note(self, window: ScoredWindow) -> None:
        refused = [row for row in window.bad if row.reason == REFUSED]
        self._refused += len(refused)
        self._has_answered |= bool(window.items) or any(row.reason == NO_NUMBER for row in window.bad)
        # To find out what it refuses takes as many calls as there are rows, twice.
        if not self._has_answered and self._refused >= WINDOW_ROWS:
            raise TakesNothingError(f"the model refused all of the first {self._refused:,} rows: {refused[-1].detail}")

    def batch_elements_kwargs(self) -> dict[str, Any]:
        """A window at a time."""
        return {"min_batch_size": 1, "max_batch_size": 1}


def score_window(window: Window, model: Model) -> ScoredWindow:
    """Scores the rows of a window sorted by length, since the exported graph pads a batch to its longest text."""
    order = sorted(range(len(window.items)), key=lambda number: window.items[number].characters)
    answers = _scored([window.items[number] for number in order], model)
    by_place = dict(zip(order, answers, strict=True))
    items, predictions, bad = [], [], list(window.bad)
    for number, item in enumerate(window.items):
        answer = by_place[number]
        problem = answer if isinstance(answer, str) else _problem(answer)
        if problem:
            reason = REFUSED if isinstance(answer, str) else NO_NUMBER
            bad.append(bad_row(item.file, item.line, reason, problem, item.text))
        elif isinstance(answer, Prediction):
            items.append(item)
            predictions.append(answer)
    return ScoredWindow(window.piece, items, predictions, sorted(bad, key=lambda row: row.line))


def _scored(items: Sequence[Item], model: Model) -> list[Prediction | str]:
    """What the model says of each, or why it refuses it: what it refuses together is halved until it is a row."""
    if not items:
        return []
    pairs = None if items[0].pair is None else [item.pair or "" for item in items]
    try:
        return [*model.score([item.text for item in items], pairs)]
    except RefusedError as error:
        if len(items) == 1:
            return [str(error)]
        middle = len(items) // 2
        return [*_scored(items[:middle], model), *_scored(items[middle:], model)]


def _problem(prediction: Prediction) -> str:
    return "" if all(map(math.isfinite, prediction.scores)) else f"the model's scores are {prediction.scores}"
