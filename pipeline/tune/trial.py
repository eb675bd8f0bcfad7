"""One trial: its settings, its training, and what it is worth."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import optuna

from components.errors import TrainingError
from pipeline.config import Config
from pipeline.failure import explain
from pipeline.tune.space import Space, configured
from pipeline.tune.study import REASON, direction, suggest, take_up

# How far a trial has come is told in thousandths of its schedule: the rate has fallen as far at the half of two epochs
# as at the half of four, which is what makes their figures comparable.
_WHOLE = 1000
OnEpoch = Callable[[int, Mapping[str, float]], None]


class Bench(Protocol):
    """What trains a trial's model."""

    def train(self, config: Config, folder: Path, on_epoch: OnEpoch) -> dict[str, list[float]]:
        """Trains by these settings, and forgets the weights. Returns the figures of every epoch by name.

        Args:
            config: the task with the trial's settings.
            folder: for what TensorBoard shows of it.
            on_epoch: called after every epoch with its number from 1 and its figures; what it raises ends the training.

        Raises:
            TrainingError: these settings do not train.
        """
        ...


@dataclasses.dataclass(frozen=True)
class Objective:
    """What Optuna calls for every trial.

    Attributes:
        config: the task.
        space: what is tried.
        bench: what trains.
        folder: below it, every trial has one of its own, by its number.
    """

    config: Config
    space: Space
    bench: Bench
    folder: Path

    def __call__(self, trial: optuna.Trial) -> float:
        """The best that `training.select_by` got to on the eval split.

        Raises:
            BertlineError: these settings do not go together, or do not train; the trial keeps the reason.
            TrialPruned: it is not worth going on.
            KeyboardInterrupt: the search is ended; the trial's settings are first in line when it goes on.
        """
        values = suggest(trial, self.space)
        folder = self.folder / f"trial-{trial.number:04d}"
        try:
            config = configured(self.config, values, f"trial {trial.number}")
            folder.mkdir(parents=True, exist_ok=True)
            figures = self.bench.train(config, folder, _Judge(trial, config))
            return self._value(figures)
        except optuna.TrialPruned:
            raise
        except KeyboardInterrupt:
            interrupted = trial.study.get_trials(deepcopy=False)[trial.number]
            take_up(trial.study, interrupted, is_its_fault=False)
            raise
        except Exception as error:
            trial.set_user_attr(REASON, explain(error))
            raise

    def _value(self, figures: Mapping[str, list[float]]) -> float:
        select_by = self.config.training.select_by
        values = [value for value in figures[f"val_{select_by}"] if math.isfinite(value)]
        if not values:
            raise TrainingError(
                f"{select_by} of the eval split is no number in any epoch, as where it has one class only; set "
                "training.select_by to loss, or give data.splits.eval more"
            )
        return min(values) if direction(select_by) == "minimize" else max(values)


class _Judge:
    """Tells Optuna the figures of every epoch, and ends the trial where Optuna has seen enough."""

    def __init__(self, trial: optuna.Trial, config: Config) -> None:
        self._trial, self._epochs = trial, config.training.epochs
        self._figure = f"val_{config.training.select_by}"

    def __call__(self, epoch: int, figures: Mapping[str, float]) -> None:
        value = figures[self._figure]
        if not math.isfinite(value):
            return
        self._trial.report(value, step=_WHOLE * epoch // self._epochs)
        if epoch < self._epochs and self._trial.should_prune():
            raise optuna.TrialPruned(f"{self._figure} {value:.4f} after {epoch} of {self._epochs} epochs")
