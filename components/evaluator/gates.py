"""The gates: whether a model's metrics are good enough, and why not, in sentences.

Pure: no TensorFlow, no files.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from components.errors import ConfigError
from components.evaluator import sentences
from components.evaluator.names import (
    EVERY_VALUE,
    EXAMPLE_COUNT,
    INVALID_SCORES,
    LINEAR,
    METRICS,
    OVERALL,
    RIVALS,
    SERVED,
    lower_is_better,
    slice_feature,
)
from components.evaluator.verdict import Check, Comparison, Interval, Metrics, Rival, Verdict

AT_LEAST, AT_MOST = "at_least", "at_most"
MAX_DROP, MAX_RISE = "max_drop", "max_rise"
ABOVE_LINEAR = "above_linear"
MIN_EXAMPLES = "min_examples"
MIN_SLICE_EXAMPLES = "min_slice_examples"
ESTIMATE, BOUND = "estimate", "bound"

_KINDS = (AT_LEAST, AT_MOST, MAX_DROP, MAX_RISE, ABOVE_LINEAR)
_OF_MORE_IS_BETTER = (AT_LEAST, MAX_DROP, ABOVE_LINEAR)
_RIVAL = {MAX_DROP: SERVED, MAX_RISE: SERVED, ABOVE_LINEAR: LINEAR}

# Below the rounding of any difference of two metrics, so that a drop of exactly `max_drop` passes.
_ROUNDING = 1e-9

_NOTHING_APPLIED = (
    f"no gate could be applied: every one is a {MAX_DROP} or {MAX_RISE}, and nothing is served yet to compare with; "
    f"set gates.metrics.accuracy.{AT_LEAST}"
)


class Intervals(Protocol):
    """Where the intervals are from: `bootstrap.Resampled`."""

    def interval(self, slice_name: str, metric: str) -> Interval | None:
        """Of the candidate's figure."""

    def difference(self, rival: str, slice_name: str, metric: str) -> Interval | None:
        """Of the candidate's figure less the rival's."""

    def intervals(self) -> dict[str, dict[str, Interval]]:
        """All of the candidate's, by slice and metric."""
        ...


@dataclasses.dataclass(frozen=True)
class _Gate:
    slice: str
    metric: str
    kind: str
    limit: float
    by_bound: bool

    @property
    def rival(self) -> str | None:
        return _RIVAL.get(self.kind)


@dataclasses.dataclass(frozen=True)
class _Evidence:
    """What the gates are held against."""

    metrics: Metrics
    rivals: Mapping[str, Rival]
    intervals: Intervals | None
    confidence: float

    def interval(self, gate: _Gate) -> Interval | None:
        if self.intervals is None:
            return None
        if gate.rival is None:
            return self.intervals.interval(gate.slice, gate.metric)
        return self.intervals.difference(gate.rival, gate.slice, gate.metric)


def judge(
    gates: Mapping[str, Any],
    metrics: Metrics,
    rivals: Mapping[str, Rival] | None = None,
    intervals: Intervals | None = None,
) -> Verdict:
    """Holds the candidate's metrics against the gates.

    Args:
        gates: `{"metrics": {metric: limits}, "slices": {"feature=value": {metric: limits}}}` where limits hold, or have
            as None, `at_least`, and `at_most` where less is better; `max_drop` and `max_rise`, how far it may be on the
            wrong side of the served model; `above_linear`, by how much it must beat the linear baseline; `judge_by`.
            A value `*` stands for every value of the feature that has enough examples. `min_examples`,
            `min_slice_examples`: how many examples must have been evaluated in all, and in every gated slice, if they
            are given. `judge_by`: `estimate`, or the `bound` of the interval that is the worse one; `confidence` and
            `resamples` of the intervals. `forced`: why the candidate is blessed although it misses gates.
        metrics: the candidate's.
        rivals: the served model and the linear baseline, SERVED and LINEAR, where they were asked for.
        intervals: where they come from; None where there are none.

    Where no gate could be applied, as on a first run with `max_drop` alone, the candidate is not blessed; nor, forced
    or not, where a score is no probability.

    Raises:
        ConfigError: there is no gate at all, or one of a kind that its metric does not have.
    """
    rivals = rivals or {}
    evidence = _Evidence(metrics, rivals, intervals, gates.get("confidence", 0.95))
    required = _gates(gates, metrics)
    invalid = _invalid_scores(metrics)
    checks, reasons = [], [*_too_few_examples(gates, metrics), *invalid, *_empty_wildcards(gates, metrics)]
    for gate in required:
        rival = rivals.get(gate.rival or "")
        if gate.rival == SERVED and (rival is None or (rival.metrics is None and rival.problem is None)):
            continue  # nothing is served yet
        check, reason = _hold(gate, evidence)
        checks.append(check)
        reasons += [reason] if reason else []
    if not checks:
        reasons.append(_NOTHING_APPLIED)
    forced = gates.get("forced") if reasons and _may_be_forced(metrics) else None
    served, linear = rivals.get(SERVED, Rival()), rivals.get(LINEAR, Rival())
    return Verdict(
        blessed=not reasons or forced is not None,
        forced=forced,
        reasons=list(dict.fromkeys(reasons)),
        notes=[*_notes_of_served(required, served), *_notes_of_linear(required, metrics, linear)],
        metrics=_as_dicts(metrics),
        intervals=intervals.intervals() if intervals else {},
        baseline_metrics=None if served.metrics is None else _as_dicts(served.metrics),
        baseline_version=served.version,
        linear_metrics=None if linear.metrics is None else _as_dicts(linear.metrics),
        confidence=evidence.confidence,
        resamples=gates.get("resamples", 0) if intervals else 0,
        judge_by=gates.get("judge_by", ESTIMATE),
        comparisons=list(_comparisons(evidence, [gate.slice for gate in required if gate.rival])),
        thresholds=dict(gates),
        checks=checks,
    )


def _may_be_forced(metrics: Metrics) -> bool:
    """Whether there are scores, all of them known to be probabilities: nobody can overrule that."""
    overall = metrics.get(OVERALL, {})
    return overall.get(EXAMPLE_COUNT, 0) > 0 and overall.get(INVALID_SCORES) == 0


def compared_slices(gates: Mapping[str, Any], metrics: Metrics) -> set[str]:
    """The slices in which rivals must be measured, beside the whole."""
    return {gate.slice for gate in _gates(gates, metrics) if gate.rival}


def gated_metrics(gates: Mapping[str, Any]) -> set[str]:
    """The metrics that are gated anywhere."""
    everything = (gates.get("metrics") or {}, *(gates.get("slices") or {}).values())
    return {metric for of_slice in everything for metric in of_slice}


def _gates(gates: Mapping[str, Any], metrics: Metrics) -> list[_Gate]:
    given = gates.get("slices") or {}
    slices: dict[str, dict[str, Any]] = {OVERALL: dict(gates.get("metrics") or {})}
    # What is asked of every slice first, so that what is asked of one by name comes before it, metric by metric.
    for name in sorted(given, key=lambda one: not _is_of_every(one)):
        for meant in _meant(name, gates, metrics):
            slices[meant] = {**slices.get(meant, {}), **given[name]}
    by_bound = gates.get("judge_by", ESTIMATE) == BOUND
    found = [gate for name, limits in slices.items() for gate in _slice_gates(name, limits, by_bound)]
    if not found and not any((gates.get("slices") or {}).values()):
        raise ConfigError("gates: there is none, so nothing could fail; set gates.metrics.accuracy.at_least")
    return found


def _meant(name: str, gates: Mapping[str, Any], metrics: Metrics) -> list[str]:
    """The slice, or all that `feature=*` stands for."""
    feature = slice_feature(name)
    if not _is_of_every(name):
        return [name]
    least = gates.get(MIN_SLICE_EXAMPLES) or 1
    return [
        one
        for one, values in metrics.items()
        if one.startswith(f"{feature}=") and values.get(EXAMPLE_COUNT, 0) >= least
    ]


def _is_of_every(name: str) -> bool:
    return name == f"{slice_feature(name)}={EVERY_VALUE}"


def _empty_wildcards(gates: Mapping[str, Any], metrics: Metrics) -> list[str]:
    """A reason for each `feature=*` that stands for nothing, and would gate nothing."""
    return [
        f"no slice of {name} has gates.{MIN_SLICE_EXAMPLES} {gates.get(MIN_SLICE_EXAMPLES) or 1} examples, so that its "
        "gates were held against nothing; leave it out, lower that, or give it more data"
        for name in gates.get("slices") or {}
        if _is_of_every(name) and not _meant(name, gates, metrics)
    ]


def _slice_gates(
    slice_name: str, metrics: Mapping[str, Mapping[str, float | str | None]], by_bound: bool
) -> Iterator[_Gate]:
    for metric, limits in metrics.items():
        own = limits.get("judge_by")
        for kind in _KINDS:
            limit = limits.get(kind)
            if limit is None:
                continue
            if lower_is_better(metric) == (kind in _OF_MORE_IS_BETTER):
                less, instead = ("less", AT_MOST) if lower_is_better(metric) else ("more", AT_LEAST)
                raise ConfigError(f"gates: {less} {metric} is better, so it has no {kind}; set {instead} instead")
            yield _Gate(slice_name, metric, kind, float(limit), own == BOUND if own else by_bound)


def _hold(gate: _Gate, evidence: _Evidence) -> tuple[Check, str | None]:
    """Holds one gate against the evidence: the check, and why it is not passed."""
    value = _value(gate, evidence.metrics)
    baseline = None if gate.rival is None else _rivals_value(gate, evidence.rivals.get(gate.rival))
    interval = evidence.interval(gate)
    judged, reason = _judged(gate, value, baseline, interval, evidence.confidence)
    own, other = (one if isinstance(one, float) else None for one in (value, baseline))
    drop = None if own is None or other is None else other - own
    check = Check(gate.slice, gate.metric, gate.kind, own, other, drop, gate.limit, interval, judged, reason is None)
    return check, reason


def _judged(
    gate: _Gate, value: float | str, baseline: float | str | None, interval: Interval | None, confidence: float
) -> tuple[float | None, str | None]:
    """The number that is held against the limit, and why it does not do."""
    missing = next((one for one in (value, baseline) if isinstance(one, str)), None)
    if missing is not None:
        return None, missing
    if gate.by_bound and interval is None:
        return None, (
            f"{gate.metric} has no interval, which it is judged by ({gate.slice}): too few examples of a class, or "
            f"gates.resamples is 0; set its judge_by to {ESTIMATE}, or give it more data"
        )
    if gate.rival is None:
        return _judged_alone(gate, float(value), interval, confidence)
    return _judged_beside(gate, float(value), float(baseline or 0.0), interval, confidence)


def _judged_alone(gate: _Gate, value: float, interval: Interval | None, confidence: float) -> tuple[float, str | None]:
    is_floor = gate.kind == AT_LEAST
    judged = value if not gate.by_bound or interval is None else interval[0 if is_floor else 1]
    if judged >= gate.limit if is_floor else judged <= gate.limit:
        return judged, None
    if gate.by_bound:
        return judged, sentences.bound_beyond(gate.metric, value, judged, gate.limit, confidence, gate.slice)
    told = sentences.below_floor if is_floor else sentences.above_ceiling
    return judged, told(gate.metric, value, gate.limit, gate.slice)


def _judged_beside(
    gate: _Gate, value: float, baseline: float, interval: Interval | None, confidence: float
) -> tuple[float, str | None]:
    low, high = (value - baseline,) * 2 if not gate.by_bound or interval is None else interval
    if gate.kind == ABOVE_LINEAR:
        if low >= gate.limit - _ROUNDING:
            return low, None
        if gate.by_bound and interval is not None:
            return low, sentences.not_surely_above_linear(
                gate.metric, value, baseline, interval, gate.limit, confidence, gate.slice
            )
        return low, sentences.not_above_linear(gate.metric, value, baseline, gate.limit, gate.slice)
    worst = -low if gate.kind == MAX_DROP else high
    if worst <= gate.limit + _ROUNDING:
        return worst, None
    if gate.by_bound:
        return worst, sentences.may_have_fallen(gate.metric, value, baseline, worst, gate.limit, confidence, gate.slice)
    return worst, sentences.fell(gate.metric, value, baseline, gate.limit, gate.slice)


def _rivals_value(gate: _Gate, rival: Rival | None) -> float | str:
    called = sentences.CALLED[str(gate.rival)]
    if rival is None or rival.metrics is None:
        problem = None if rival is None else rival.problem
        return problem or f"{called} was not measured, so that nothing can be compared with it ({gate.slice})"
    return _value(gate, rival.metrics, of=f" of {called}")


def _value(gate: _Gate, metrics: Metrics, of: str = "") -> float | str:
    """The metric, or a sentence saying why there is none."""
    if gate.slice not in metrics:
        return f"no example was evaluated in {gate.slice}"
    value = metrics[gate.slice].get(gate.metric)
    if value is None:
        return f"{gate.metric}{of} was not computed ({gate.slice})"
    if not math.isfinite(value):
        return f"{gate.metric}{of} is not a number ({gate.slice})"
    return float(value)


def _too_few_examples(gates: Mapping[str, Any], metrics: Metrics) -> list[str]:
    """A reason for the whole, and for each gated slice, that has too few examples to prove anything."""
    named = [name for name in gates.get("slices") or {} if not _is_of_every(name)]
    minima = {OVERALL: MIN_EXAMPLES} | dict.fromkeys(named, MIN_SLICE_EXAMPLES)
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


def _notes_of_served(required: list[_Gate], served: Rival) -> list[str]:
    compared = [gate for gate in required if gate.rival == SERVED]
    if served.problem:
        return [] if compared else [f"{served.problem}; no gate compares with it"]
    if served.metrics is None:
        kinds = " and ".join(dict.fromkeys(gate.kind for gate in compared))
        unapplied = f", so {kinds} of {', '.join(dict.fromkeys(gate.metric for gate in compared))} was not applied"
        return [f"nothing is served yet{unapplied if compared else ''}"]
    return []


def _notes_of_linear(required: list[_Gate], metrics: Metrics, linear: Rival) -> list[str]:
    """Whether the linear baseline is better, whatever the gates let pass; or why that is not known."""
    compared = any(gate.rival == LINEAR and gate.slice == OVERALL for gate in required)
    if linear.metrics is None:
        return [f"{linear.problem}; no gate compares with it"] if linear.problem and not compared else []
    own, other = metrics.get(OVERALL, {}), linear.metrics.get(OVERALL, {})
    better = [
        f"{metric} {other[metric]:.4f} against {own[metric]:.4f}"
        for metric in METRICS[:3]
        if metric in own and metric in other and other[metric] > own[metric]
    ]
    unasked = "" if compared else "; no gate asks to beat it"
    return [f"the linear baseline is better: {', '.join(better)}{unasked}"] if better else []


def _comparisons(evidence: _Evidence, gated: list[str]) -> Iterator[Comparison]:
    """The candidate beside each rival: in the whole, and where a gate compares."""
    for rival in RIVALS:
        theirs = evidence.rivals.get(rival, Rival()).metrics or {}
        for name in dict.fromkeys((OVERALL, *gated)):
            for metric in METRICS:
                own, other = (of.get(name, {}).get(metric, math.nan) for of in (evidence.metrics, theirs))
                if not (math.isfinite(own) and math.isfinite(other)):
                    continue
                interval = evidence.intervals.difference(rival, name, metric) if evidence.intervals else None
                yield Comparison(rival, name, metric, own, other, own - other, interval)


def _as_dicts(metrics: Metrics) -> dict[str, dict[str, float]]:
    return {name: dict(values) for name, values in metrics.items()}
