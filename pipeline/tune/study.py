"""Optuna's study of a search: begun or gone on with, judged, and counted."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Literal

import optuna
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState

from pipeline.tune.space import Space

REASON = "reason"  # why a trial failed, among its user attributes
_AGAIN = "again"  # the number of the trial, killed in its middle, whose settings this one takes up
_TRIES = "tries"
_MOST_TRIES = 3  # settings that took the process down so often, as by memory, are not tried again
_KILLED = f"its process was killed, {_MOST_TRIES} times"
_ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
_LOG = logging.getLogger(__name__)


def open_study(storage: optuna.storages.RDBStorage, name: str, select_by: str) -> optuna.Study:
    """The study of that name, which is made where it is not there yet.

    A trial is given up where at the same part of its schedule it does worse than the median of five others, of which at
    least three got as far. Hyperband's brackets would need far more epochs than fine-tuning has.
    """
    return optuna.create_study(
        storage=storage,
        study_name=name,
        direction=direction(select_by),
        pruner=MedianPruner(n_startup_trials=5, n_min_trials=3),
        load_if_exists=True,
    )


def direction(select_by: str) -> Literal["minimize", "maximize"]:
    """Whether more or less of it is better."""
    return "minimize" if select_by == "loss" else "maximize"


def sampler(seed: int, number: int) -> TPESampler:
    """What suggests the settings of trial `number`: seeded anew for each, so that a search which was killed goes on
    with what it would have tried, and not with what it has.
    """
    return TPESampler(seed=seed * 100_003 + number)


def suggest(trial: optuna.Trial, space: Space) -> dict[str, object]:
    """A value of each setting of the space."""
    values: dict[str, object] = {}
    for key, tried in space.items():
        if isinstance(tried, optuna.distributions.CategoricalDistribution):
            values[key] = trial.suggest_categorical(key, tried.choices)
        elif isinstance(tried, optuna.distributions.IntDistribution):
            values[key] = trial.suggest_int(key, tried.low, tried.high, step=tried.step, log=tried.log)
        elif isinstance(tried, optuna.distributions.FloatDistribution):
            values[key] = trial.suggest_float(key, tried.low, tried.high, step=tried.step, log=tried.log)
    return values


def take_up(study: optuna.Study, killed: FrozenTrial, is_its_fault: bool = True) -> None:
    """Puts the settings of a trial that was killed first in line; its training goes on from its last checkpoint.

    Args:
        study: whose trial it is.
        killed: the trial.
        is_its_fault: whether its settings may be why; after three times they are not tried again.
    """
    tries = int(killed.user_attrs.get(_TRIES, 1)) + int(is_its_fault)
    if tries <= _MOST_TRIES:
        study.enqueue_trial(killed.params, user_attrs={_AGAIN: killed.number, _TRIES: tries})


def fail_running(study: optuna.Study) -> list[int]:
    """Marks the trials as failed that were running when this search, which nobody shares, was killed; their numbers."""
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    for trial in running:
        _LOG.warning("trial %d was running when the search was killed", trial.number)
        study.tell(trial.number, state=TrialState.FAIL)
        take_up(study, trial)
    return [trial.number for trial in running]


def ended(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that count: those that came to an end, without those that another one took up."""
    trials = study.get_trials(deepcopy=False)
    taken_up = {trial.user_attrs.get(_AGAIN) for trial in trials}
    return [trial for trial in trials if trial.state in _ENDED and trial.number not in taken_up]


def reason_of(trial: FrozenTrial) -> str:
    """Why a trial failed; empty for any other."""
    return "" if trial.state is not TrialState.FAIL else trial.user_attrs.get(REASON, _KILLED)


def best_of(trials: Sequence[FrozenTrial], select_by: str) -> FrozenTrial | None:
    """The trial with the best value, the earliest of equals; None where none has come to its end."""
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE and trial.value is not None]
    sign = 1.0 if direction(select_by) == "minimize" else -1.0
    return min(complete, key=lambda trial: (sign * float(trial.value or 0.0), trial.number), default=None)
