"""From a model's scores to its answers: the thresholds that each model was exported with."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from components.features import BINARY, MULTICLASS, MULTILABEL
from components.signatures import DECISIONS_FILE

_KINDS = (BINARY, MULTILABEL, MULTICLASS)


class DecisionsError(Exception):
    """A model's file of decisions says nothing that its scores could be decided by. Its text has no remedy."""


@dataclasses.dataclass(frozen=True)
class Decisions:
    """How a model answers.

    Attributes:
        kind: of its labels: `binary`, `multilabel` or `multiclass`.
        names: of its labels, all of them; of two, the second is the one that has a score.
        thresholds: of each score; none for `multiclass`, whose likeliest label is the answer.
    """

    kind: str
    names: tuple[str, ...]
    thresholds: tuple[float, ...]

    @property
    def scored(self) -> tuple[str, ...]:
        """The labels that have a score."""
        return self.names[1:] if self.kind == BINARY else self.names

    def decide(self, scores: np.ndarray) -> np.ndarray:
        """1 where the model says of a label that it holds, else 0: float32, of the shape of the scores [batch, labels].

        As the exported graph does: in float32, at or above the threshold; of equal scores the first is the likeliest.
        """
        if self.kind == MULTICLASS:
            return np.eye(len(self.names), dtype=np.float32)[np.argmax(scores, axis=-1)]
        return (scores >= np.asarray(self.thresholds, np.float32)).astype(np.float32)


def default_decisions(labels: Mapping[str, Any]) -> Decisions:
    """Of a model that does not say: every label at `labels.threshold`.

    Args:
        labels: `kind`, `names` and `threshold` of the configuration's section `labels`, as plain values.
    """
    decisions = Decisions(labels["kind"], tuple(labels["names"]), ())
    count = 0 if decisions.kind == MULTICLASS else len(decisions.scored)
    return dataclasses.replace(decisions, thresholds=(float(labels["threshold"]),) * count)


def read_decisions(folder: str, labels: Mapping[str, Any]) -> Decisions:
    """Of the SavedModel in `folder`: those that it was exported with, else `default_decisions`.

    Raises:
        DecisionsError: its file cannot be used.
    """
    return written_decisions(folder) or default_decisions(labels)


def written_decisions(folder: str) -> Decisions | None:
    """Those that the SavedModel in `folder` was exported with; None where it does not say.

    Raises:
        DecisionsError: its file cannot be used.
    """
    file = Path(folder) / DECISIONS_FILE
    return decisions_of(file.read_bytes(), DECISIONS_FILE) if file.is_file() else None


def decisions_of(text: str | bytes, file: str) -> Decisions:
    """Those in the text of a file of decisions, whose name is for messages. Raises DecisionsError as above."""
    try:
        return _checked(json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        raise DecisionsError(f"its {file} cannot be used ({type(error).__name__}: {error})") from error


def _checked(written: Mapping[str, Any]) -> Decisions:
    thresholds = tuple(float(threshold) for threshold in written["thresholds"] or ())
    decisions = Decisions(written["kind"], tuple(written["names"]), thresholds)
    if decisions.kind not in _KINDS:
        raise ValueError(f"there is no kind {decisions.kind!r}")
    if not isinstance(written["names"], list) or not all(isinstance(name, str) for name in decisions.names):
        raise ValueError(f"its names are no list of texts: {written['names']!r}")
    needed = 0 if decisions.kind == MULTICLASS else len(decisions.scored)
    if len(thresholds) != needed or not np.isfinite(thresholds).all():
        raise ValueError(f"{needed} threshold(s) go with its labels, and {list(thresholds)} are given")
    return decisions
