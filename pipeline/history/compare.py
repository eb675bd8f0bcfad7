"""Two runs beside each other: settings, data, metrics and answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from components.errors import ConfigError
from components.evaluator.names import OVERALL
from pipeline.history.predictions import OnShared, compare_answers, differences_on_shared, read_answers
from pipeline.history.rebuild import PastRun
from pipeline.history.row import gated_metrics, of_slice, row_of
from pipeline.history.settings import (
    Settings,
    code_digests,
    executed_settings,
    flat,
    parameter,
    recorded_settings,
)

# Where a setting says only where something lies, what lies there is compared beside it.
_BESIDE = {
    "data": ("TextExampleGen", "fingerprint"),
    "schema": ("CuratedSchema", "text"),
}


def compare_runs(a: PastRun, b: PastRun) -> dict[str, Any]:
    """Everything that two runs differ in, as a JSON value.

    `settings`, `code`: what differs. `same`: whether data, schema and encoder were the same, None where it is not
    known. `metrics`: every metric of every slice that either has, and the difference, B's less A's, with its interval
    where both were evaluated on the same examples; where not, `shared` has how many they share, and the difference on
    these with its interval. `answers`: see `compare_answers`, None where either run keeps none, or where their labels
    differ.

    Raises:
        ConfigError: the runs are of tasks with other labels, whose metrics say nothing of each other.
    """
    _check_labels(a, b)
    evaluations = a.run.output("Evaluator", "evaluation"), b.run.output("Evaluator", "evaluation")
    answers = [read_answers(folder) for folder in evaluations]
    on_shared = differences_on_shared(*answers)
    return {
        "a": dataclasses.asdict(row_of(a)),
        "b": dataclasses.asdict(row_of(b)),
        "settings": _differing_settings(a, b),
        "code": _differing_code(a, b),
        "same": _same(a, b),
        "gated": _gated(a, b),
        "metrics": [_compared(a, b, on_shared, *each) for each in _measured(a, b)],
        "answers": compare_answers(answers[0], answers[1]) if answers[0] and answers[1] else None,
    }


def _check_labels(a: PastRun, b: PastRun) -> None:
    known = [_labels(past) for past in (a, b)]
    if None not in known and known[0] != known[1]:
        told = " and ".join(
            f"{past.run.pipeline}/{past.run.run_id} ({labels[0]}: {', '.join(labels[1])})"
            for past, labels in zip((a, b), known, strict=True)
            if labels
        )
        raise ConfigError(f"{told} are of other labels, so that nothing of them can be compared; name runs of one task")


def _labels(past: PastRun) -> tuple[str, tuple[str, ...]] | None:
    section = executed_settings(past.stored).get("labels") or recorded_settings(past.record).get("labels") or {}
    try:
        return str(section["kind"]), tuple(map(str, section["names"]))
    except (KeyError, TypeError):
        return None


def _differing_settings(a: PastRun, b: PastRun) -> list[dict[str, Any]]:
    """What differs, of the settings that are known of both runs from the same place."""
    first, second = recorded_settings(a.record), recorded_settings(b.record)
    if not (first and second):
        first, second = _of_both(executed_settings(a.stored), executed_settings(b.stored))
    of_a, of_b = dict(flat(first)), dict(flat(second))
    keys = dict.fromkeys([*of_a, *of_b])
    differing = [key for key in keys if of_a.get(key) != of_b.get(key)]
    return [{"key": key, "a": of_a.get(key), "b": of_b.get(key)} for key in differing]


def _of_both(a: Settings, b: Settings) -> tuple[Settings, Settings]:
    """The sections that both have: a step that was never begun says nothing of its own."""
    common = [section for section in a if section in b]
    return {section: a[section] for section in common}, {section: b[section] for section in common}


def _differing_code(a: PastRun, b: PastRun) -> list[str]:
    of_a, of_b = code_digests(a.stored), code_digests(b.stored)
    return [step for step in of_a if step in of_b and of_a[step] != of_b[step]]


def _same(a: PastRun, b: PastRun) -> dict[str, bool | None]:
    given = {name: [parameter(past.stored, *place) for past in (a, b)] for name, place in _BESIDE.items()}
    given["encoder"] = [_encoder_digest(past) for past in (a, b)]
    return {name: None if None in values else values[0] == values[1] for name, values in given.items()}


def _encoder_digest(past: PastRun) -> str | None:
    encoder = parameter(past.stored, "TextExampleGen", "encoder")
    return encoder.get("digest") if isinstance(encoder, dict) else None


def _gated(a: PastRun, b: PastRun) -> dict[str, list[str]]:
    """The metrics that either run gates, by slice."""
    gated = {OVERALL: list(dict.fromkeys(gated_metrics(a.outcome.evaluation) + gated_metrics(b.outcome.evaluation)))}
    for past in (a, b):
        thresholds = (past.outcome.evaluation or {}).get("thresholds") or {}
        for name, metrics in (thresholds.get("slices") or {}).items():
            gated[name] = list(dict.fromkeys([*gated.get(name, []), *metrics]))
    return gated


def _measured(a: PastRun, b: PastRun) -> Iterator[tuple[str, str]]:
    """Every slice and metric that either run measured, the whole test split first."""
    slices: dict[str, dict[str, None]] = {OVERALL: {}}
    for past in (a, b):
        for name, metrics in _metrics(past).items():
            slices.setdefault(name, {}).update(dict.fromkeys(metrics))
    for name in [OVERALL, *sorted(set(slices) - {OVERALL})]:
        yield from ((name, metric) for metric in slices[name])


def _metrics(past: PastRun) -> Mapping[str, Mapping[str, Any]]:
    metrics = (past.outcome.evaluation or {}).get("metrics")
    return {name: values for name, values in metrics.items() if isinstance(values, dict)} if metrics else {}


def _compared(
    a: PastRun, b: PastRun, on_shared: Callable[[str, str], OnShared | None], slice_name: str, metric: str
) -> dict[str, Any]:
    values = [of_slice(past.outcome.evaluation, "metrics", slice_name).get(metric) for past in (a, b)]
    numbers = [value for value in values if isinstance(value, int | float)]
    shared = on_shared(slice_name, metric)
    apart = shared if shared is not None and not shared.is_all else None
    return {
        "slice": slice_name,
        "metric": metric,
        "a": values[0],
        "b": values[1],
        "difference": numbers[1] - numbers[0] if len(numbers) == 2 else None,
        "interval": shared.interval if shared is not None and shared.is_all else None,
        "shared": apart and {key: value for key, value in dataclasses.asdict(apart).items() if key != "is_all"},
    }
