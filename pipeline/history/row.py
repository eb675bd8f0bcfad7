"""What the listing says of a run, as plain values: of a run that was pruned it is all that is left."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from components import strict_json
from components.evaluator.names import OVERALL
from pipeline.history.rebuild import PastRun
from pipeline.history.settings import Settings, executed_settings, parameter, recorded_settings
from pipeline.run_store import StoredRun

PRUNED = "bertline_pruned"  # the note on a run in ML Metadata that keeps its row


@dataclasses.dataclass(frozen=True)
class Row:
    """A run in the listing; None where it is not known.

    Attributes:
        task, run_id: whose run it is, and which.
        started: ISO 8601.
        state: its verdict, RUNNING or INTERRUPTED.
        reasons: why, a sentence each.
        source, path, span: where its data came from.
        rows: how many were read.
        examples: by split.
        encoder: its handle.
        metrics: the gated ones of the whole test split, by name.
        intervals: the confidence intervals of those that have one.
        version: that it published.
        pruned: whether what it left was deleted.
    """

    task: str
    run_id: str
    started: str
    state: str
    reasons: list[str]
    source: str | None = None
    path: str | None = None
    span: int | str | None = None
    rows: int | None = None
    examples: dict[str, int] = dataclasses.field(default_factory=dict)
    encoder: str | None = None
    metrics: dict[str, float | None] = dataclasses.field(default_factory=dict)
    intervals: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    version: int | None = None
    pruned: bool = False


def row_of(past: PastRun) -> Row:
    """The row of a run."""
    data, encoder = _section(past, "data"), _section(past, "encoder")
    counted = past.run.rows() or {}
    gated = gated_metrics(past.outcome.evaluation)
    metrics = of_slice(past.outcome.evaluation, "metrics", OVERALL)
    intervals = of_slice(past.outcome.evaluation, "intervals", OVERALL)
    return Row(
        task=past.run.pipeline,
        run_id=past.run.run_id,
        started=past.run.started,
        state=past.state,
        reasons=past.outcome.reasons,
        source=data.get("source"),
        path=data.get("path"),
        span=_span(past, data),
        rows=counted.get("rows"),
        examples=_mapping(counted.get("examples")),
        encoder=encoder.get("handle"),
        metrics={name: _number(metrics.get(name)) for name in gated},
        intervals={name: intervals[name] for name in gated if _is_interval(intervals.get(name))},
        version=past.outcome.version,
    )


def is_pruned(run: StoredRun) -> bool:
    """Whether a run was pruned."""
    return PRUNED in run.notes


def note_of(row: Row | None) -> str:
    """What is noted on a run that is pruned; of the data steps of a search there is no row."""
    return strict_json.dumps({} if row is None else dataclasses.asdict(row))


def pruned_row(run: StoredRun) -> Row | None:
    """The row that pruning kept of a run, None where there is none."""
    try:
        kept = json.loads(run.notes[PRUNED])
        known = {field.name for field in dataclasses.fields(Row)}
        return dataclasses.replace(Row(**{key: kept[key] for key in kept if key in known}), pruned=True)
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def gated_metrics(evaluation: Mapping[str, Any] | None) -> list[str]:
    """The metrics of the whole test split that were gated."""
    thresholds = _mapping((evaluation or {}).get("thresholds"))
    return list(_mapping(thresholds.get("metrics")))


def of_slice(evaluation: Mapping[str, Any] | None, kind: str, name: str) -> dict[str, Any]:
    """What an evaluation says of a slice: its `metrics`, or their `intervals`; empty where it says nothing."""
    return _mapping(_mapping((evaluation or {}).get(kind)).get(name))


def _section(past: PastRun, name: str) -> Settings:
    """A section of the settings: as the steps were given it, else as it was recorded."""
    executed = executed_settings(past.stored).get(name)
    return executed or _mapping(recorded_settings(past.record).get(name))


def _span(past: PastRun, data: Settings) -> int | str | None:
    """The span that was read, None where the data has none: `data.span` is then the latest of nothing."""
    resolved = _mapping(parameter(past.stored, "TextExampleGen", "data")).get("span")
    span = data.get("span") if resolved is None else resolved
    return span if isinstance(span, int | str) and "{" in str(data.get("path")) else None


def _is_interval(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_number(end) is not None for end in value)


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
