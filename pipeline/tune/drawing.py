"""The plot of a search: how the best value came about, and which settings mattered."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from typing import Any

import optuna
from optuna.importance import get_param_importances
from optuna.trial import FrozenTrial, TrialState

from pipeline.tune.showing import value_of
from pipeline.tune.study import direction

_LEAST_FOR_IMPORTANCE = 4  # complete trials; of fewer nothing can be said
_LOG = logging.getLogger(__name__)
_STYLE = {"svg.hashsalt": "bertline", "axes.spines.top": False, "axes.spines.right": False, "font.size": 9}


def draw(study: optuna.Study, trials: Sequence[FrozenTrial], select_by: str, seed: int) -> bytes:
    """An SVG: on the left what every trial was worth, with the best so far; on the right the importance of each setting
    by fANOVA (Hutter et al. 2014), where there are trials enough. The same bytes for the same trials.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    importances = importance(study, trials, seed)
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=(10.0 if importances else 6.0, 3.6), layout="constrained")
        panels = figure.subplots(1, 2 if importances else 1, squeeze=False)[0]
        _draw_history(panels[0], trials, select_by)
        if importances:
            _draw_importances(panels[1], importances, select_by)
        image = io.BytesIO()
        figure.savefig(image, format="svg", metadata={"Date": None})
    return image.getvalue()


def importance(study: optuna.Study, trials: Sequence[FrozenTrial], seed: int) -> dict[str, float]:
    """How much of the differences between trials each setting explains, the most first; empty where it cannot be told:
    fewer than four complete trials, or all equally good.
    """
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    keys = sorted({key for trial in complete for key in trial.params})
    # Of the task as it is, settings may lie outside the space.
    worth = [trial.value for trial in complete if len(trial.params) == len(keys)]
    if len(worth) < _LEAST_FOR_IMPORTANCE or len(set(worth)) == 1:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    try:
        return get_param_importances(study, evaluator=evaluator, params=keys)
    except (ValueError, RuntimeError) as error:  # trials without a setting in common, or without variance
        _LOG.warning("no importance of settings: %s", error)
        return {}


def _draw_history(axes: Any, trials: Sequence[FrozenTrial], select_by: str) -> None:
    for state, marker, colour, label in (
        (TrialState.COMPLETE, "o", "tab:blue", "done"),
        (TrialState.PRUNED, "x", "tab:gray", "pruned"),
    ):
        points = [(trial.number, value_of(trial)) for trial in trials if trial.state is state]
        points = [(number, value) for number, value in points if value is not None]
        if points:
            axes.plot(*zip(*points, strict=True), marker, color=colour, label=label)
    best = _best_so_far(trials, select_by)
    if best:
        axes.step(*zip(*best, strict=True), where="post", color="tab:orange", label="best so far")
    axes.set_xlabel("trial")
    axes.set_ylabel(f"{select_by} on the eval split")
    axes.xaxis.get_major_locator().set_params(integer=True)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)


def _best_so_far(trials: Sequence[FrozenTrial], select_by: str) -> list[tuple[int, float]]:
    better = min if direction(select_by) == "minimize" else max
    points: list[tuple[int, float]] = []
    for trial in trials:
        if trial.state is TrialState.COMPLETE and trial.value is not None:
            points.append((trial.number, better([trial.value, *(value for _, value in points[-1:])])))
    return points


def _draw_importances(axes: Any, importances: dict[str, float], select_by: str) -> None:
    keys = list(importances)[::-1]
    axes.barh([key.partition(".")[2] for key in keys], [importances[key] for key in keys], color="tab:blue")
    axes.set_xlabel(f"share of the differences in {select_by}")
    axes.set_xlim(0, 1)
