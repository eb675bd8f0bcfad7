"""How the candidate does on parts of the test split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from components.evaluator.names import EXAMPLE_COUNT, OVERALL, tells
from components.page.figure import Figure
from components.page.tables import Table, name_of, number
from components.report import words
from components.report.drawing import Dot, whiskers
from components.report.section import Section
from components.report.told import NotThereError, Told

TITLE = "Slices"
SLICES_SHOWN = 25
_METRICS_SHOWN = 3
_USUAL = ("accuracy", "f1", "auc")
_OF_IDENTITIES = ("subgroup_auc", "bpsn_auc", "bnsp_auc")


def measure(run: Told) -> dict[str, Any]:
    """The metrics that gates are set for, or the usual ones, of every slice."""
    if run.evaluation is None:
        raise NotThereError(f"{run.why('Evaluator')} No slice was measured.")
    known = run.evaluation.get("metrics") or {}
    if not set(known) - {OVERALL}:
        raise NotThereError("No slice was measured.")
    intervals = run.evaluation.get("intervals") or {}
    chosen = [*_gated(run.evaluation), *_USUAL][: _METRICS_SHOWN + len(_USUAL)]
    metrics = [name for name in dict.fromkeys(chosen) if name in known.get(OVERALL, {})][:_METRICS_SHOWN]
    metrics += [name for name in _OF_IDENTITIES if any(name in of_slice for of_slice in known.values())]
    return {
        "confidence": run.evaluation.get("confidence"),
        "examples": {name: of_slice.get(EXAMPLE_COUNT) for name, of_slice in known.items()},
        "metrics": {
            metric: {
                name: {"value": of_slice[metric], "interval": intervals.get(name, {}).get(metric)}
                for name, of_slice in known.items()
                if metric in of_slice and tells(metric, name)
            }
            for metric in metrics
        },
    }


def show(numbers: Mapping[str, Any]) -> Section:
    """A figure a metric: a dot a slice of which it tells something, with its interval."""
    names = _shown(numbers["examples"])
    figures = tuple(
        _figure(metric, names, numbers)
        for metric, of in numbers["metrics"].items()
        if any(of[name]["value"] is not None for name in names if name in of)
    )
    notes = []
    if len(numbers["examples"]) > len(names):
        notes.append(f"The {len(names)} largest of {len(numbers['examples'])} slices are shown.")
    if numbers["confidence"] is None:
        notes.append("No intervals were computed.")
    return Section(notes=tuple(notes), figures=figures)


def _gated(evaluation: Mapping[str, Any]) -> list[str]:
    return [check["metric"] for check in evaluation.get("checks", ()) if "/" not in check["metric"]]


def _shown(examples: Mapping[str, float | None]) -> list[str]:
    """The largest slices, the whole first, the others by their names."""
    largest = sorted(examples, key=lambda name: (name != OVERALL, -(examples[name] or 0)))[:SLICES_SHOWN]
    return sorted(largest, key=lambda name: (name != OVERALL, name))


def _figure(metric: str, shown: Sequence[str], numbers: Mapping[str, Any]) -> Figure:
    known = numbers["metrics"][metric]
    names = [name for name in shown if name in known]
    dots = [Dot(known[name]["value"], known[name]["interval"]) for name in names]
    whole = known.get(OVERALL, {}).get("value")
    key = f"slices-{metric.replace('_', '-')}"
    svg = whiskers(key, names, {"candidate": dots}, metric, noun="slice", reference=whole)
    there = [name for name in names if known[name]["value"] is not None]
    lowest = min(there, key=lambda name: known[name]["value"])
    highest = max(there, key=lambda name: known[name]["value"])
    confidence = numbers["confidence"]
    whisker = f", with {100 * confidence:g} % intervals" if confidence is not None else ""
    alt = (
        f"Dots: {metric} of the candidate by slice{whisker}. Lowest: {lowest}, {words.figure(known[lowest]['value'])}; "
        f"highest: {highest}, {words.figure(known[highest]['value'])}."
    )
    rows = tuple(
        (
            numbered,
            number(numbers["examples"][name] or 0),
            words.figure(known[name]["value"]),
            words.interval(known[name]["interval"]),
        )
        for numbered, name in zip(words.named(names), names, strict=True)
    )
    rows += tuple(
        (name_of(name), number(numbers["examples"][name] or 0), words.NOTHING, words.NOTHING)
        for name in shown
        if not tells(metric, name)
    )
    return Figure(key, f"{metric} by slice", svg, alt, Table(("slice", "examples", metric, "interval"), rows))
