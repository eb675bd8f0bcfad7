"""Whether a candidate may be published, and all that this was judged by. Pure: no TensorFlow, no files."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from components import strict_json

VERDICT_FILE = "verdict.json"  # in the folder of the blessing

Metrics = Mapping[str, Mapping[str, float]]
"""Slice (`OVERALL`, or "feature=value") to metric to value; NaN where the metric is undefined."""
Interval = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Check:
    """One gate on one metric of one slice.

    Attributes:
        slice: the slice.
        metric: the metric.
        kind: of the gate, a key of its settings (`at_least`, `max_drop`...).
        value: the candidate's, None where it is missing.
        baseline: the rival's, of gates that compare; None where there is no such number.
        drop: how far the candidate is below the rival (negative: above).
        limit: what still passes.
        interval: of `value`, or of value less baseline; None where there is none.
        judged: the number that was held against the limit: the estimate, or the bound of the interval.
        passed: whether it holds.
    """

    slice: str
    metric: str
    kind: str
    value: float | None
    baseline: float | None
    drop: float | None
    limit: float
    interval: Interval | None
    judged: float | None
    passed: bool


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The candidate beside a rival (`against`) in one metric of one slice: `difference` is value less baseline."""

    against: str
    slice: str
    metric: str
    value: float
    baseline: float
    difference: float
    interval: Interval | None


@dataclasses.dataclass(frozen=True)
class Rival:
    """A model that the candidate is compared with.

    `metrics` on the same rows, or None where there are none: because there is no such model, or for the `problem`, a
    sentence; `version` of the served model.
    """

    metrics: Metrics | None = None
    problem: str | None = None
    version: str = ""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Whether the candidate may be published.

    Attributes:
        blessed: whether it may.
        forced: why somebody has it published all the same, None where nobody did.
        reasons: why it may not, a sentence each; of a forced blessing, what was missed.
        notes: what else a reader must know.
        metrics: the candidate's.
        intervals: of them, by slice and metric.
        baseline_metrics: the served model's on the same rows, None where it has none.
        baseline_version: of the served model, empty where nothing is served.
        linear_metrics: the linear baseline's on the same rows, None where it has none.
        confidence: of the intervals.
        resamples: how many times rows were drawn for them.
        judge_by: what gates go by unless they say otherwise: `estimate` or `bound`.
        comparisons: with rivals.
        thresholds: the gates as they were configured.
        checks: every gate that was applied.
    """

    blessed: bool
    forced: str | None
    reasons: list[str]
    notes: list[str]
    metrics: dict[str, dict[str, float]]
    intervals: dict[str, dict[str, Interval]]
    baseline_metrics: dict[str, dict[str, float]] | None
    baseline_version: str
    linear_metrics: dict[str, dict[str, float]] | None
    confidence: float
    resamples: int
    judge_by: str
    comparisons: list[Comparison]
    thresholds: dict[str, Any]
    checks: list[Check]

    def to_json(self) -> str:
        """Strict JSON: a NaN or infinity becomes null."""
        return strict_json.dumps(dataclasses.asdict(self))
