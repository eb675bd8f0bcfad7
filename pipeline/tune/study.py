"""Optuna's study of a search: begun or gone on with, judged, and counted."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import optuna
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState

from components.fingerprint import json_digest
from pipeline.tune.space import Space, holds

REASON = "reason"  # why a trial failed, among its user attributes
_AGAIN = "again"  # the number of the trial, cut short in its middle, whose settings this one takes up
_TRIES = "tries"
_OWN = "own"  # all settings of the trial that is the task as it is; some may lie outside the space
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
    return TPESampler(seed=int(json_digest([seed, number])[:8], 16))  # NumPy's seeds are below 2**32


def enqueue_own(study: optuna.Study, own: Mapping[str, Any]) -> None:
    """Puts the task's own settings first in line, whether the space has them or not."""
    study.enqueue_trial(dict(own), user_attrs={_OWN: dict(own)})


def suggest(trial: optuna.Trial, space: Space) -> dict[str, Any]:
    """A value of each setting of the space; where the trial is the task as it is, the task's.

    Of those, the sampler is told the ones that it might have tried itself: it can learn nothing from the others.
    """
    own = trial.user_attrs.get(_OWN)
    if own is None:
        return {key: _suggest(trial, key, tried) for key, tried in space.items()}
    for key, tried in space.items():
        if holds(tried, own[key]):
            _suggest(trial, key, tried)
    return dict(own)


def settings_of(trial: FrozenTrial) -> dict[str, Any]:
    """What a trial was trained with of the settings that are searched."""
    return {**trial.user_attrs.get(_OWN, {}), **trial.params}


def _suggest(trial: optuna.Trial, key: str, tried: optuna.distributions.BaseDistribution) -> Any:
    if isinstance(tried, optuna.distributions.CategoricalDistribution):
        return trial.suggest_categorical(key, tried.choices)
    if isinstance(tried, optuna.distributions.IntDistribution):
        return trial.suggest_int(key, tried.low, tried.high, step=tried.step, log=tried.log)
    assert isinstance(tried, optuna.distributions.FloatDistribution)  # noqa: S101  there is no other
    return trial.suggest_float(key, tried.low, tried.high, step=tried.step, log=tried.log)


def take_up(study: optuna.Study, killed: FrozenTrial, is_its_fault: bool = True) -> None:
    """Puts the settings of a trial that was cut short first in line; its training goes on from its last checkpoint.

    Args:
        study: whose trial it is.
        killed: the trial, which then counts no more.
        is_its_fault: whether its settings may be why; after three times they are not tried again.
    """
    tries = int(killed.user_attrs.get(_TRIES, 1)) + int(is_its_fault)
    if tries <= _MOST_TRIES:
        own = {_OWN: killed.user_attrs[_OWN]} if _OWN in killed.user_attrs else {}
        study.enqueue_trial(settings_of(killed), user_attrs={_AGAIN: killed.number, _TRIES: tries, **own})


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
