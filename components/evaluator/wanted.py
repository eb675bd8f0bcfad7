"""Which figures have intervals: of the whole all, of its slices the usual ones and those that are gated.

A thousand draws of every figure of every label in every slice would take longer than the training, and nobody would
read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.evaluator.gates import compared_slices, gated_metrics
from components.evaluator.names import ACCURACY, AUC, BIAS, CANDIDATE, F1, METRICS, OVERALL, base, micro, of_label
from components.evaluator.verdict import Metrics

_OF_SLICES = frozenset({ACCURACY, AUC, F1, *BIAS})
_MOST_AREAS = 12  # labels of which slices have the mean area: each is as dear as all other figures of a slice
_MICRO_AUC = micro(AUC)  # of six labels, as dear as all of their own areas together


def wanted_figures(gates: Mapping[str, Any], metrics: Mapping[str, Metrics]) -> dict[str, dict[str, frozenset[str]]]:
    """What is to be drawn, of what was measured.

    Args:
        gates: as `gates.judge` takes them.
        metrics: by model; the candidate's have every slice.
    """
    own = metrics[CANDIDATE]
    gated = gated_metrics(gates)
    whole = frozenset(name for name in own[OVERALL] if base(name) in METRICS and name != _MICRO_AUC) | gated
    rivals = {name for name in whole if name in METRICS or name in gated}
    compared = compared_slices(gates, own)
    labels = sum(name.startswith(of_label(AUC, "")) for name in own[OVERALL])
    usual = _OF_SLICES if labels <= _MOST_AREAS else _OF_SLICES - {AUC}
    of_slices = {name: usual | gated | (rivals if name in compared else set()) for name in own if name != OVERALL}
    wanted = {CANDIDATE: {OVERALL: whole, **of_slices}}
    for model in metrics.keys() - {CANDIDATE}:
        wanted[model] = dict.fromkeys((OVERALL, *sorted(compared)), frozenset(rivals))
    return wanted
