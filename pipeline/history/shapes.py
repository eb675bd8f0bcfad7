"""The shapes of the files that a run left, as far as the history reads them.

What is missing is no damage, nor what is null or stands there beside: another version of the code may have left it so.
What is there is of its type, without conversion: a string that looks like a number is damage.
"""

from __future__ import annotations

from typing import Any, Literal

import pydantic

Metrics = dict[str, dict[str, float | None]]
"""Slice to metric to value; null where the metric is undefined."""


class Shape(pydantic.BaseModel):
    """A JSON object."""

    model_config = pydantic.ConfigDict(strict=True)


class Data(Shape):
    """The section `data` of a configuration."""

    source: str | None = None
    path: str | None = None
    span: int | str | None = None


class Encoder(Shape):
    """The section `encoder`."""

    handle: str | None = None


class Labels(Shape):
    """The section `labels`."""

    kind: str | None = None
    names: list[str] | None = None


class Push(Shape):
    """The section `push`."""

    folder: str | None = None


class Settings(Shape):
    """A configuration."""

    data: Data | None = None
    encoder: Encoder | None = None
    labels: Labels | None = None
    push: Push | None = None


class RunRecord(Shape):
    """What a run noted of itself: see `pipeline.reporting`."""

    started: str | None = None
    verdict: str | None = None
    reasons: list[str] | None = None
    version: int | None = None
    seconds: float | None = None
    steps: dict[str, float | None] | None = None
    config: Settings | None = None
    code: dict[str, Any] | None = None
    outside: dict[str, Any] | None = None
    versions: dict[str, Any] | None = None
    samples: list[dict[str, Any]] | None = None
    paths: dict[str, str] | None = None


class Thresholds(Shape):
    """The gates as they were configured."""

    metrics: dict[str, dict[str, Any]] | None = None
    slices: dict[str, dict[str, Any]] | None = None


class Judged(Shape):
    """The Evaluator's verdict: see `components.evaluator.verdict`."""

    blessed: bool | None = None
    forced: str | None = None
    reasons: list[str] | None = None
    notes: list[str] | None = None
    metrics: Metrics | None = None
    intervals: dict[str, dict[str, list[float | None] | None]] | None = None
    baseline_metrics: Metrics | None = None
    linear_metrics: Metrics | None = None
    thresholds: Thresholds | None = None
    checks: list[dict[str, Any]] | None = None
    comparisons: list[dict[str, Any]] | None = None


class Checked(Shape):
    """ServingCheck's report: see `components.serving_check.check`."""

    blessed: bool | None = None
    reasons: list[str] | None = None
    checks: list[dict[str, Any]] | None = None


class Pushed(Shape):
    """What Pusher recorded: see `components.pusher.publish`."""

    status: Literal["pushed", "unchanged", "not_blessed"] | None = None
    version: int | None = None
    folder: str | None = None
    digest: str | None = None


class Rows(Shape):
    """The account of the rows: see `components.example_gen.quarantine`."""

    rows: int | None = None
    examples: dict[str, int] | None = None
