"""What the listing says of a run, as plain values: of a run that was pruned it is all that is left."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import pydantic

from components import strict_json
from components.evaluator.names import OVERALL
from pipeline.history.rebuild import UNREADABLE, PastRun
from pipeline.history.settings import Settings, executed_settings, parameter, recorded_settings
from pipeline.home import REPORTS, STORE_FILE
from pipeline.run_record import PRUNED_FILE
from pipeline.run_store import Stored, StoredRun

PRUNED = "bertline_pruned"  # the note on a run in ML Metadata that keeps its row
_OF_A_SEARCH = strict_json.dumps({})


def _moment(text: str) -> str:
    """A time with its offset, by which rows are ordered. Raises ValueError where it is none."""
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("it has no offset from UTC")
    return text


@dataclasses.dataclass(frozen=True)
class Row:
    """A run in the listing; None where it is not known.

    Attributes:
        task, run_id: whose run it is, and which.
        started: ISO 8601.
        state: its verdict, RUNNING, INTERRUPTED or UNREADABLE.
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
    started: Annotated[str, pydantic.AfterValidator(_moment)]
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


_ROW = pydantic.TypeAdapter(Row)


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
    return _OF_A_SEARCH if row is None else strict_json.dumps(dataclasses.asdict(row))


def pruned_rows(home: Path, stored: Stored) -> list[Row]:
    """The rows that pruning kept of a task's runs."""
    store = home / STORE_FILE
    of_store = [(run, run.notes[PRUNED]) for run in stored.runs if is_pruned(run)]
    rows = [_kept(home, run.run_id, store, text, run.began) for run, text in of_store if text != _OF_A_SEARCH]
    return rows + [_kept(home, file.parent.name, file, *_read(file)) for file in pruned_files(home)]


def pruned_files(home: Path) -> list[Path]:
    """The files that keep the rows of pruned runs, those that ML Metadata does not know."""
    return sorted((home / REPORTS).glob(f"*/{PRUNED_FILE}"))


def _read(file: Path) -> tuple[str, float]:
    """What a file holds, nothing where it cannot be read; and when it was written."""
    try:
        return file.read_text(encoding="utf-8"), file.stat().st_mtime
    except (OSError, ValueError):
        return "", 0.0


def _kept(home: Path, run_id: str, where: Path, text: str, began: float) -> Row:
    """The row that was kept as a text; what can be told where that is damaged."""
    try:
        return dataclasses.replace(_ROW.validate_json(text, strict=True), pruned=True)
    except pydantic.ValidationError:
        started = datetime.fromtimestamp(began).astimezone().isoformat(timespec="seconds")
        told = f"the line of this pruned run in {where} is damaged; bring the file back from a copy"
        return Row(home.name, run_id, started, UNREADABLE, [told], pruned=True)


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
