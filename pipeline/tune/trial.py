"""One trial: its settings, its training, and what it is worth."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import optuna

from components.errors import ConfigError, SettingsError, TrainingError
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
            SettingsError: these settings do not train; others may.
            BertlineError: none would train, as things are.
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
            SettingsError: these settings do not go together, or do not train; the trial keeps the reason.
            TrialPruned: it is not worth going on.
            BaseException: anything else, an interrupt too, says nothing of the settings: they are first in line when
                the search goes on, and this trial does not count.
        """
        try:
            return self._train(trial)
        except optuna.TrialPruned:
            raise
        except SettingsError as error:
            trial.set_user_attr(REASON, explain(error))
            raise
        except BaseException:
            cut_short = trial.study.get_trials(deepcopy=False)[trial.number]
            take_up(trial.study, cut_short, is_its_fault=False)
            raise

    def _train(self, trial: optuna.Trial) -> float:
        config = self._configured(trial)
        folder = self.folder / f"trial-{trial.number:04d}"
        folder.mkdir(parents=True, exist_ok=True)
        return self._value(self.bench.train(config, folder, _Judge(trial, config)))

    def _configured(self, trial: optuna.Trial) -> Config:
        values = suggest(trial, self.space)
        try:
            return configured(self.config, values, f"trial {trial.number}")
        except ConfigError as error:  # the task itself is sound
            raise SettingsError(str(error)) from error

    def _value(self, figures: Mapping[str, list[float]]) -> float:
        select_by = self.config.training.select_by
        values = [value for value in figures[f"val_{select_by}"] if math.isfinite(value)]
        if not values and select_by == "loss":
            raise SettingsError("loss of the eval split is no number in any epoch; lower training.learning_rate")
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
        self._last_step = -1

    def __call__(self, epoch: int, figures: Mapping[str, float]) -> None:
        value = figures[self._figure]
        step = _WHOLE * epoch // self._epochs
        # A training that goes on tells the epochs that it has behind it again.
        if not math.isfinite(value) or step <= self._last_step:
            return
        self._last_step = step
        self._trial.report(value, step)
        if epoch < self._epochs and self._trial.should_prune():
            raise optuna.TrialPruned(f"{self._figure} {value:.4f} after {epoch} of {self._epochs} epochs")
