"""What the step is asked for."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from components.features import BINARY


@dataclasses.dataclass(frozen=True)
class Task:
    """A task, as far as a linear model reads it.

    Attributes:
        labels: `kind`, `names` and `threshold` of the configuration's section `labels`.
        decisions: its section `decisions`.
        pair: whether texts come in pairs.
        at_recall: its `training.at_recall`, at which precision is measured.
    """

    labels: dict[str, Any]
    decisions: dict[str, Any]
    pair: bool
    at_recall: float

    @classmethod
    def from_json(cls, text: str) -> Task:
        """Of a JSON object with these attributes as its keys."""
        return cls(**json.loads(text))

    @property
    def kind(self) -> str:
        """Of the labels."""
        return self.labels["kind"]

    @property
    def scored(self) -> list[str]:
        """The labels that have a score: of two the second."""
        return list(self.labels["names"][1:] if self.kind == BINARY else self.labels["names"])
