"""The gates: whether a model's metrics are good enough, and why not, in sentences.

Pure: no TensorFlow, no files.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

from components import strict_json
from components.errors import ConfigError

OVERALL = "overall"
AT_LEAST = "at_least"
MAX_DROP = "max_drop"
MIN_EXAMPLES = "min_examples"
MIN_SLICE_EXAMPLES = "min_slice_examples"
INVALID_SCORES = "invalid_scores"
EXAMPLE_COUNT = "example_count"
LOSS = "loss"

Metrics = Mapping[str, Mapping[str, float]]
"""Slice (`OVERALL`, or "feature=value") to metric to value; NaN where the metric is undefined."""

_LOWER_IS_BETTER = frozenset({LOSS})

# Below the rounding of any difference of two metrics, so that a drop of exactly `max_drop` passes.
_ROUNDING = 1e-9

_NOTHING_APPLIED = (
    f"no gate could be applied: every one is a {MAX_DROP}, and nothing is served yet to compare with; "
    f"set gates.metrics.accuracy.{AT_LEAST}"
)


@dataclasses.dataclass(frozen=True)
class Check:
    """One gate on one metric of one slice. `kind`: AT_LEAST or MAX_DROP; `value`: the candidate's, None if missing.

    Of MAX_DROP alone: `baseline`, the served model's value, and `drop`, how far the candidate is below it (negative:
    above); None where there is no such number. `limit`: the lowest value, or the largest drop, that passes.
    """

    slice: str
    metric: str
    kind: str
    value: float | None
    baseline: float | None
    drop: float | None
    limit: float
    passed: bool


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Whether the candidate may be published.

    `reasons`: why not, a sentence each, none where it is blessed; `notes`: what else a reader must know;
    `thresholds`: the gates as they were configured; `baseline_version`: of the served model, empty where there is none.
    """

    blessed: bool
    reasons: list[str]
    notes: list[str]
    metrics: dict[str, dict[str, float]]
    baseline_metrics: dict[str, dict[str, float]] | None
    baseline_version: str
    thresholds: dict[str, Any]
    checks: list[Check]

    def to_json(self) -> str:
        """Strict JSON: a NaN or infinity becomes null."""
        return strict_json.dumps(dataclasses.asdict(self))


@dataclasses.dataclass(frozen=True)
class _Gate:
    slice: str
    metric: str
    kind: str
    limit: float


def judge(
    gates: Mapping[str, Any],
    metrics: Metrics,
    baseline_metrics: Metrics | None,
    baseline_version: str = "",
    baseline_problem: str | None = None,
) -> Verdict:
    """Holds the candidate's metrics against the gates.

    Args:
        gates: `{"metrics": {metric: limits}, "slices": {"feature=value": {metric: limits}}}` where limits hold
            `at_least` (the candidate's floor) and `max_drop` (how far below the served model it may be), or None;
            `min_examples`, `min_slice_examples`: how many examples must have been evaluated in all, and in every gated
            slice, if they are given.
        metrics: the candidate's.
        baseline_metrics: the served model's on the same rows, or None where it has none.
        baseline_version: the served version, empty where nothing is served.
        baseline_problem: a sentence saying why the served model could not be scored, if so.

    Where no gate could be applied, as on a first run with `max_drop` alone, the candidate is not blessed.

    Raises:
        ConfigError: there is no gate at all, or one on a metric of which less is better.
    """
    required = _gates(gates)
    checks, reasons = [], [*_too_few_examples(gates, metrics), *_invalid_scores(metrics)]
    compared = [gate for gate in required if gate.kind == MAX_DROP]
    for gate in required:
        if gate.kind == AT_LEAST:
            reason = _floor_reason(gate, metrics)
        elif baseline_metrics is not None:
            reason = _drop_reason(gate, metrics, baseline_metrics)
        elif baseline_problem:
            reason = baseline_problem
        else:
            continue
        checks.append(_check(gate, metrics, baseline_metrics, passed=reason is None))
        reasons += [reason] if reason else []
    if not checks:
        reasons.append(_NOTHING_APPLIED)
    return Verdict(
        blessed=not reasons,
        reasons=list(dict.fromkeys(reasons)),
        notes=_notes(compared, baseline_metrics, baseline_problem),
        metrics=_as_dicts(metrics),
        baseline_metrics=None if baseline_metrics is None else _as_dicts(baseline_metrics),
        baseline_version=baseline_version,
        thresholds=dict(gates),
        checks=checks,
    )


def slice_feature(slice_name: str) -> str:
    """The feature of a slice written feature=value. Raises ConfigError where it is written otherwise."""
    feature, separator, value = slice_name.partition("=")
    if not (feature and separator and value):
        raise ConfigError(f"gates.slices: {slice_name!r} names no slice; write feature=value, as length_band=300+")
    return feature


def _gates(gates: Mapping[str, Any]) -> list[_Gate]:
    slices = {OVERALL: gates.get("metrics") or {}, **(gates.get("slices") or {})}
    found = [gate for name, limits in slices.items() for gate in _slice_gates(name, limits)]
    if not found:
        raise ConfigError("gates: there is none, so nothing could fail; set gates.metrics.accuracy.at_least")
    return found


def _slice_gates(slice_name: str, metrics: Mapping[str, Mapping[str, float | None]]) -> Iterator[_Gate]:
    for metric, limits in metrics.items():
        if metric in _LOWER_IS_BETTER:
            raise ConfigError(f"gates: less {metric} is better, so it has no floor; gate accuracy or auc instead")
        for kind in (AT_LEAST, MAX_DROP):
            limit = limits.get(kind)
            if limit is not None:
                yield _Gate(slice_name, metric, kind, limit)


def _floor_reason(gate: _Gate, metrics: Metrics) -> str | None:
    value = _value(gate, metrics)
    if isinstance(value, str):
        return value
    if value >= gate.limit:
        return None
    shown, limit = _told_apart(value, gate.limit)
    return f"{gate.metric} {shown} < {limit} ({gate.slice})"


def _drop_reason(gate: _Gate, metrics: Metrics, baseline_metrics: Metrics) -> str | None:
    value, served = _value(gate, metrics), _value(gate, baseline_metrics, of=" of the served model")
    if isinstance(value, str):
        return value
    if isinstance(served, str):
        return served
    drop = served - value
    if drop <= gate.limit + _ROUNDING:
        return None
    shown_drop, limit = _told_apart(drop, gate.limit)
    return (
        f"{gate.metric} {value:.4f} fell {shown_drop} below the served model's {served:.4f} "
        f"(at most {limit}; {gate.slice})"
    )


def _value(gate: _Gate, metrics: Metrics, of: str = "") -> float | str:
    """The metric, or a sentence saying why there is none."""
    if gate.slice not in metrics:
        return f"no example was evaluated in {gate.slice}"
    value = metrics[gate.slice].get(gate.metric)
    if value is None:
        return f"{gate.metric}{of} was not computed ({gate.slice})"
    if not math.isfinite(value):
        return f"{gate.metric}{of} is not a number ({gate.slice})"
    return value


def _too_few_examples(gates: Mapping[str, Any], metrics: Metrics) -> list[str]:
    """A reason for the whole, and for each gated slice, that has too few examples to prove anything."""
    minima = {OVERALL: MIN_EXAMPLES} | dict.fromkeys(gates.get("slices") or {}, MIN_SLICE_EXAMPLES)
    counts = {name: metrics.get(name, {}).get(EXAMPLE_COUNT, 0) for name in minima}
    return [
        f"{counts[name]:.0f} examples were evaluated ({name}), fewer than gates.{key} {gates[key]}; "
        "give it more data, or raise data.splits.test"
        for name, key in minima.items()
        if gates.get(key) is not None and counts[name] < gates[key]
    ]


def _invalid_scores(metrics: Metrics) -> list[str]:
    overall = metrics.get(OVERALL, {})
    invalid = overall.get(INVALID_SCORES, 0)
    if not invalid:
        return []
    return [f"{invalid:.0f} of {overall[EXAMPLE_COUNT]:.0f} scores are no probabilities (not a number, or not in 0..1)"]


def _check(gate: _Gate, metrics: Metrics, baseline_metrics: Metrics | None, passed: bool) -> Check:
    value = metrics.get(gate.slice, {}).get(gate.metric)
    baseline = None
    if gate.kind == MAX_DROP and baseline_metrics is not None:
        baseline = baseline_metrics.get(gate.slice, {}).get(gate.metric)
    drop = None if value is None or baseline is None else baseline - value
    return Check(gate.slice, gate.metric, gate.kind, value, baseline, drop, gate.limit, passed)


def _notes(compared: list[_Gate], baseline_metrics: Metrics | None, baseline_problem: str | None) -> list[str]:
    if baseline_problem:
        return [] if compared else [f"{baseline_problem}; no gate compares with it"]
    if baseline_metrics is None:
        unapplied = f", so {MAX_DROP} of {', '.join(dict.fromkeys(gate.metric for gate in compared))} was not applied"
        return [f"nothing is served yet{unapplied if compared else ''}"]
    return []


def _told_apart(value: float, limit: float) -> tuple[str, str]:
    """Both with four decimals, or with as many as it takes to see that they differ."""
    for decimals in range(4, 17):
        texts = f"{value:.{decimals}f}", f"{limit:.{decimals}f}"
        if texts[0] != texts[1]:
            return texts
    return repr(value), repr(limit)


def _as_dicts(metrics: Metrics) -> dict[str, dict[str, float]]:
    return {name: dict(values) for name, values in metrics.items()}
