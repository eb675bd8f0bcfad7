"""What a training tells to whoever records it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

VALIDATION = "val_"  # what the names of figures of the eval split begin with


class Tracker(Protocol):
    """Records a training, from its settings to its model. Steps are counted over all epochs, and go on after a kill."""

    def start(self, record: Mapping[str, object]) -> None:
        """Before the first step, also of a training that goes on: its settings, data sizes, encoder, parameters."""
        ...

    def step(self, step: int, figures: Mapping[str, float]) -> None:
        """After a step, or several: the loss, the learning rate and the like."""
        ...

    def epoch(self, number: int, step: int, figures: Mapping[str, float]) -> None:
        """After epoch `number`, counted from 1: what was measured; names that begin with `val_` on the eval split.

        Where a training goes on after a kill, first of all the epochs before it are told again, each at its own step:
        what is written has a folder of its own after the kill.
        """
        ...

    def curves(self, step: int, scores: np.ndarray, targets: np.ndarray, names: Sequence[str]) -> None:
        """The eval split's scores, float32 [n, labels], and targets, 0 or 1, [n, labels], to draw curves of."""
        ...

    def finish(self, record: Mapping[str, object], model_folder: str | None) -> None:
        """After the last step: what came of it, and the exported model, where there is one."""
        ...


class Silent:
    """Records nothing."""

    def start(self, record: Mapping[str, object]) -> None:
        """Does nothing."""

    def step(self, step: int, figures: Mapping[str, float]) -> None:
        """Does nothing."""

    def epoch(self, number: int, step: int, figures: Mapping[str, float]) -> None:
        """Does nothing."""

    def curves(self, step: int, scores: np.ndarray, targets: np.ndarray, names: Sequence[str]) -> None:
        """Does nothing."""

    def finish(self, record: Mapping[str, object], model_folder: str | None) -> None:
        """Does nothing."""
