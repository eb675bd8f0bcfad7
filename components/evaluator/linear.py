"""The linear baseline's scores, as the step LinearBaseline left them: by example, so that all have equal rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from tfx.dsl.io import fileio
from tfx.types import artifact

from components.errors import EvaluationError
from components.evaluator import sentences
from components.evaluator.baseline import difference_in_labels
from components.evaluator.decisions import Decisions, DecisionsError, decisions_of
from components.evaluator.names import LINEAR
from components.linear_baseline.predictions import DECISIONS_FILE, PREDICTIONS_FILE, Scored, read


@dataclasses.dataclass(frozen=True)
class LinearBaseline:
    """The linear baseline: its scores and decisions, or a sentence saying why it cannot be compared with."""

    scores: LinearScores | None = None
    decisions: Decisions | None = None
    problem: str | None = None


def find_linear(
    given: Sequence[artifact.Artifact], candidate: Decisions, splits: Sequence[str]
) -> LinearBaseline | None:
    """The linear baseline in LinearBaseline's output, or None where that was not connected.

    Args:
        given: the artifacts of Evaluator's input.
        candidate: how the candidate answers.
        splits: those that are judged.
    """
    if not given:
        return None
    gone = [name for name in (PREDICTIONS_FILE, DECISIONS_FILE) if not fileio.exists(f"{given[0].uri}/{name}")]
    if gone:
        # An object store's life-cycle rules may delete what Kubeflow's cache still answers with.
        return _unusable(f"its {gone[0]} is gone from the run's artifacts; run without the cache")
    try:
        scores = LinearScores(read(given[0].uri, splits))
        with fileio.open(f"{given[0].uri}/{DECISIONS_FILE}", "rb") as file:
            decisions = decisions_of(file.read(), DECISIONS_FILE)
    except DecisionsError as error:
        return _unusable(str(error))
    cause = difference_in_labels(decisions, candidate)
    return LinearBaseline(scores, decisions) if cause is None else _unusable(cause)


def _unusable(cause: str) -> LinearBaseline:
    return LinearBaseline(problem=sentences.incomparable(LINEAR, cause))


class LinearScores:
    """Scores by the id of an example: two arrays, which a hundred thousand examples fit into a few megabytes of."""

    def __init__(self, scored: Scored) -> None:
        ids = np.array(scored.ids, dtype=bytes)
        order = np.argsort(ids, kind="stable")
        self._ids, self._scores = ids[order], scored.scores[order]

    def of(self, ids: Sequence[str] | np.ndarray) -> np.ndarray:
        """The scores of examples, float32 [ids, labels]. Raises EvaluationError where one has none."""
        asked = np.array(ids, dtype=bytes)
        places = np.minimum(np.searchsorted(self._ids, asked), max(len(self._ids) - 1, 0))
        found = self._ids[places] == asked if len(self._ids) else np.zeros(len(asked), bool)
        if not np.all(found):
            raise EvaluationError(
                f"the linear baseline has no score of the example {ids[int(np.argmin(found))]}: it is of other data; "
                "start a new run"
            )
        return self._scores[places]
