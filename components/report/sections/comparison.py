"""The candidate beside the served model and the linear baseline, on the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.evaluator import sentences
from components.evaluator.names import LINEAR, OVERALL, SERVED, tells
from components.page.figure import Figure
from components.page.tables import Table, name_of
from components.report import words
from components.report.drawing import Dot, whiskers
from components.report.section import Section
from components.report.told import NotThereError, Told

TITLE = "Comparison"
_RIVALS = {SERVED: "baseline_metrics", LINEAR: "linear_metrics"}
_METRICS = ("accuracy", "auc", "auc_pr", "precision", "recall", "f1", "log_loss", "loss", "ece")
_DRAWN = ("accuracy", "auc", "auc_pr", "precision", "recall", "f1")
_LISTED = 40


def measure(run: Told) -> dict[str, Any]:
    """What each model reaches on the whole test split, and the differences by slice and metric."""
    if run.evaluation is None:
        raise NotThereError(f"{run.why('Evaluator')} Nothing was compared.")
    known = run.evaluation
    of = {rival: known[key] for rival, key in _RIVALS.items() if known.get(key)}
    not_there = {rival: _why_not(rival, known) for rival in _RIVALS if rival not in of}
    if not of:
        raise NotThereError(" ".join(not_there.values()))
    models = {"candidate": known.get("metrics") or {}, **of}
    return {
        "version": known.get("baseline_version") or None,
        "models": {model: _chosen(metrics.get(OVERALL, {})) for model, metrics in models.items()},
        "differences": list(known.get("comparisons") or _differences(models)),
        "not_there": not_there,
    }


def show(numbers: Mapping[str, Any]) -> Section:
    """The differences on the whole test split drawn, those of slices in a table."""
    whole = [one for one in numbers["differences"] if one["slice"] == OVERALL]
    parts = [one for one in numbers["differences"] if one["slice"] != OVERALL and tells(one["metric"], one["slice"])]
    figures = tuple(_figures(whole))
    tables = [("The whole test split", _models(numbers["models"]))]
    if parts:
        tables.append(("Slices: the candidate less what it is compared with", _table(parts[:_LISTED], with_slice=True)))
    notes = list(numbers["not_there"].values())
    if SERVED in numbers["models"] and numbers["version"]:
        notes.append(f"The served model was then version {numbers['version']}.")
    remarks = [f"{len(parts) - _LISTED} more stand in report.json."] if len(parts) > _LISTED else []
    return Section(tuple(notes), figures=figures, tables=tuple(tables), remarks=tuple(remarks))


def _why_not(rival: str, known: Mapping[str, Any]) -> str:
    """A sentence saying why there are no metrics of the rival: one that is there may be beyond comparison."""
    told = (*(known.get("notes") or ()), *(known.get("reasons") or ()))
    problem = next((sentence for sentence in told if sentences.is_incomparable(sentence, rival)), None)
    if problem is not None:
        return f"{problem[0].upper()}{problem[1:]}."
    called, version = sentences.CALLED[rival], known.get("baseline_version")
    if rival == SERVED and version:
        return f"{called.capitalize()} (version {version}) could not be compared with: see the verdict's notes."
    return f"Nothing is compared with {called}: there is none."


def _chosen(metrics: Mapping[str, Any]) -> dict[str, Any]:
    return {name: metrics[name] for name in _METRICS if name in metrics}


def _differences(models: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Those of verdicts that have none written down: without intervals."""
    for rival in (model for model in models if model != "candidate"):
        for metric in _METRICS:
            value = models["candidate"].get(OVERALL, {}).get(metric)
            baseline = models[rival].get(OVERALL, {}).get(metric)
            if value is not None and baseline is not None:
                yield {
                    "against": rival,
                    "slice": OVERALL,
                    "metric": metric,
                    "value": value,
                    "baseline": baseline,
                    "difference": value - baseline,
                    "interval": None,
                }


def _figures(differences: Sequence[Mapping[str, Any]]) -> Iterator[Figure]:
    """One a rival."""
    for rival, called in sentences.CALLED.items():
        drawn = [
            one
            for one in differences
            if one["against"] == rival and one["metric"] in _DRAWN and one["difference"] is not None
        ]
        if drawn:
            yield _figure(rival, called, drawn)


def _figure(rival: str, called: str, drawn: Sequence[Mapping[str, Any]]) -> Figure:
    names = [one["metric"] for one in drawn]
    dots = [Dot(one["difference"], one["interval"]) for one in drawn]
    key = f"against-{rival}"
    svg = whiskers(key, names, {"difference": dots}, f"candidate less {rival}", noun="metric", reference=0.0)
    told = ", ".join(f"{one['metric']} {words.difference(one['difference'])}" for one in drawn)
    alt = f"Dots: how far the candidate is above {called}, with intervals where there are any. {told}."
    return Figure(key, f"The candidate against {called}", svg, alt, _table(drawn, with_slice=False))


def _table(differences: Sequence[Mapping[str, Any]], *, with_slice: bool) -> Table:
    header = ("slice", "metric", "against", "candidate", "other", "difference", "interval")
    rows = tuple(
        (
            name_of(one["slice"]),
            name_of(one["metric"]),
            one["against"],
            words.figure(one["value"]),
            words.figure(one["baseline"]),
            words.difference(one["difference"]),
            words.interval(one["interval"]),
        )[not with_slice :]
        for one in differences
    )
    return Table(header[not with_slice :], rows, names=2 + with_slice)


def _models(models: Mapping[str, Mapping[str, Any]]) -> Table:
    metrics = [name for name in _METRICS if any(name in of for of in models.values())]
    rows = tuple((metric, *(words.figure(of.get(metric)) for of in models.values())) for metric in metrics)
    return Table(("metric", *models), rows)
