"""ROC, precision-recall, calibration and threshold curves of the test split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from components.evaluator.names import CANDIDATE
from components.features import MULTICLASS
from components.page.drawing import tick
from components.page.figure import Figure
from components.page.tables import Table, name_of, number
from components.report import words
from components.report.drawing import Axes, Line, Panel, curves
from components.report.predictions import MODELS, Predictions, read
from components.report.section import Section
from components.report.told import Told
from components.trainer.calibration import BINS, CalibrationBins

TITLE = "Curves"
LABELS_DRAWN = 6
LIKELIEST = "likeliest label"
_POINTS = 200  # of a curve that are kept; areas are of all
_RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)  # of false positives, in the table under the curve
_RECALLS = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
_STEPS = 100  # of the thresholds between 0 and 1
_WHOLE = (-0.02, 1.02)


def measure(run: Told) -> dict[str, Any]:
    """The points of every curve that is drawn, by label and model, and the area under it."""
    known = read(run)
    models = [model for model in MODELS if model in known.scores]
    drawn, one_class = _drawn(known)
    by_label = {known.scored[place]: place for place in drawn}
    return {
        "kind": known.kind,
        "examples": len(known.ids),
        "invalid": known.invalid,
        "models": models,
        "labels": list(by_label),
        "labels_of": len(known.scored),
        "one_class": [known.scored[place] for place in one_class],
        "roc": _each(known, by_label, models, _roc),
        "precision_recall": _each(known, by_label, models, _precision_recall),
        "calibration": _calibration(known, by_label, models),
        "thresholds": {} if known.kind == MULTICLASS else _each(known, by_label, [CANDIDATE], _thresholds),
        "chosen": {} if known.kind == MULTICLASS else {name: _chosen(known, at) for name, at in by_label.items()},
    }


def show(numbers: Mapping[str, Any]) -> Section:
    """A figure a kind of curve, a panel a label."""
    figures = []
    if numbers["labels"]:
        figures = [_roc_figure(numbers), _precision_recall_figure(numbers)]
    if numbers["calibration"]:
        figures.append(_calibration_figure(numbers))
    if numbers["thresholds"]:
        figures.append(_threshold_figure(numbers))
    told = "The table under the calibration has the candidate alone; the JSON file has all models."
    remarks = (told,) if len(numbers["calibration"]) > 1 and len(numbers["models"]) > 1 else ()
    return Section(notes=_notes(numbers), figures=tuple(figures), remarks=remarks)


def _notes(numbers: Mapping[str, Any]) -> tuple[str, ...]:
    notes = [f"Of {number(numbers['examples'])} examples of the test split."]
    if numbers["invalid"]:
        notes.append(f"{number(numbers['invalid'])} more are left out: the candidate's score is no probability.")
    if numbers["labels_of"] > len(numbers["labels"]) + len(numbers["one_class"]):
        notes.append(
            f"Of {numbers['labels_of']} labels the {len(numbers['labels'])} most frequent of the test split are drawn."
        )
    if numbers["one_class"]:
        notes.append(f"Without curves, since all examples are of one class: {words.listed(numbers['one_class'])}.")
    if numbers["kind"] == MULTICLASS:
        notes.append("Each label against the rest. There are no thresholds: the likeliest label is the answer.")
    return tuple(notes)


def _drawn(known: Predictions) -> tuple[list[int], list[int]]:
    """The places of the labels that are drawn, in their order, and of those that have examples of one class alone."""
    held = known.targets.sum(axis=0)
    has_both = (held > 0) & (held < len(known.ids))
    most = [int(place) for place in known.by_frequency() if has_both[place]][:LABELS_DRAWN]
    return sorted(most), [int(place) for place in np.flatnonzero(~has_both)]


def _each(
    known: Predictions,
    places: Mapping[str, int],
    models: Sequence[str],
    of: Callable[[np.ndarray, np.ndarray], dict[str, Any]],
) -> dict[str, dict[str, Any]]:
    """By label and model what `of` makes of scores and targets; of the rows that the model has a score for."""
    made: dict[str, dict[str, Any]] = {}
    for name, place in places.items():
        made[name] = {}
        for model in models:
            scores, targets = known.scores[model][:, place], known.targets[:, place]
            is_there = np.isfinite(scores)
            if 0 < np.count_nonzero(targets[is_there]) < np.count_nonzero(is_there):
                made[name][model] = of(scores[is_there], targets[is_there])
    return made


def _roc(scores: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
    from sklearn.metrics import auc, roc_curve

    alarms, hits, _ = roc_curve(targets, scores)
    kept = _thinned(alarms, hits)
    return {
        "auc": float(auc(alarms, hits)),
        "at": [[rate, float(hits[alarms <= rate].max())] for rate in _RATES],
        "false_positive_rate": alarms[kept].tolist(),
        "true_positive_rate": hits[kept].tolist(),
    }


def _precision_recall(scores: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
    from sklearn.metrics import average_precision_score, precision_recall_curve

    precision, recall, _ = precision_recall_curve(targets, scores)
    kept = _thinned(recall, precision)
    return {
        "average_precision": float(average_precision_score(targets, scores)),
        "at": [[rate, float(precision[recall >= rate].max())] for rate in _RECALLS],
        "recall": recall[kept].tolist(),
        "precision": precision[kept].tolist(),
    }


def _thinned(x: np.ndarray, y: np.ndarray, most: int = _POINTS) -> np.ndarray:
    """Places of points at even distances along a curve, the first and the last among them.

    Along the curve, not by their number: where positives are rare, a tenth of the points are nine tenths of the curve.
    """
    if len(x) <= most:
        return np.arange(len(x))
    along = np.cumsum(np.abs(np.diff(x, prepend=x[0])) + np.abs(np.diff(y, prepend=y[0])))
    return np.unique(np.r_[np.searchsorted(along, np.linspace(0, along[-1], most - 1)), len(x) - 1])


def _calibration(known: Predictions, places: Mapping[str, int], models: Sequence[str]) -> dict[str, dict[str, Any]]:
    if known.kind != MULTICLASS:
        return _each(known, places, models, _reliability)
    made = {}
    for model in models:
        scores = known.scores[model]
        there = np.isfinite(scores).all(axis=1)
        is_right = known.targets[there][np.arange(np.count_nonzero(there)), scores[there].argmax(axis=1)]
        made[model] = _reliability(scores[there].max(axis=1), is_right)
    return {LIKELIEST: made}


def _reliability(scores: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
    """Bins of equal width, closed above, as the expected calibration error has them."""
    place = np.clip(np.ceil(scores.astype(np.float64) * BINS).astype(int) - 1, 0, BINS - 1)
    bins = []
    for number_of in range(BINS):
        inside = place == number_of
        count = int(np.count_nonzero(inside))
        bins.append(
            {
                "lower": number_of / BINS,
                "upper": (number_of + 1) / BINS,
                "examples": count,
                "mean_score": float(scores[inside].mean(dtype=np.float64)) if count else None,
                "share": float(targets[inside].mean()) if count else None,
            }
        )
    return {"ece": CalibrationBins(scores, targets).error(), "bins": bins}


def _thresholds(scores: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
    at = np.linspace(0, 1, _STEPS + 1)
    points = [_at(scores, targets, threshold) for threshold in at]
    return {"threshold": at.tolist()} | {key: [point[key] for point in points] for key in ("precision", "recall", "f1")}


def _chosen(known: Predictions, place: int) -> dict[str, Any]:
    threshold = known.decisions[CANDIDATE].thresholds[place]
    return {"threshold": threshold} | _at(known.scores[CANDIDATE][:, place], known.targets[:, place], threshold)


def _at(scores: np.ndarray, targets: np.ndarray, threshold: float) -> dict[str, Any]:
    """What a threshold comes to; no precision where nothing is called positive."""
    called = scores >= np.float32(threshold)
    hits, alarms = int(np.count_nonzero(called & targets)), int(np.count_nonzero(called & ~targets))
    positives = int(np.count_nonzero(targets))
    return {
        "precision": hits / (hits + alarms) if hits + alarms else None,
        "recall": hits / positives,
        "f1": 2 * hits / (hits + alarms + positives),
        "false_positive_rate": alarms / (len(targets) - positives),
    }


def _titles(names: Sequence[str]) -> list[str]:
    """What the panels are called: nothing where there is but one."""
    return [""] if len(names) == 1 else [tick(name, place) for place, name in enumerate(names, 1)]


def _panels(known: Mapping[str, Any], x: str, y: str, marks: Sequence[Any], *, diagonal: bool = False) -> list[Panel]:
    """A panel a label, a line a model. `marks`: a point of each label, or None."""
    return [
        Panel(
            title,
            [Line(model, of[x], of[y], MODELS.index(model)) for model, of in of_label.items()],
            mark=mark,
            diagonal=diagonal,
        )
        for title, of_label, mark in zip(_titles(list(known)), known.values(), marks, strict=True)
    ]


def _marks(numbers: Mapping[str, Any], x: str, y: str) -> list[tuple[float, float] | None]:
    """Where each drawn label's chosen threshold is."""
    return [_mark(numbers["chosen"].get(name), x, y) for name in numbers["labels"]]


def _mark(chosen: Mapping[str, Any] | None, x: str, y: str) -> tuple[float, float] | None:
    if chosen is None or chosen[x] is None or chosen[y] is None:
        return None
    return chosen[x], chosen[y]


def _roc_figure(numbers: Mapping[str, Any]) -> Figure:
    marks = _marks(numbers, "false_positive_rate", "recall")
    panels = _panels(numbers["roc"], "false_positive_rate", "true_positive_rate", marks, diagonal=True)
    svg = curves("roc", panels, Axes("false positive rate", "true positive rate", _WHOLE, _WHOLE))
    areas = _areas(numbers["roc"], "auc")
    alt = (
        "Lines: the true positive rate over the false positive rate. Area under the curve: "
        f"{areas}.{_at_chosen(numbers)}"
    )
    table = _table(numbers["roc"], numbers["models"], "true positive rate at a false positive rate of at most")
    return Figure("roc", "ROC curve", svg, alt, table)


def _precision_recall_figure(numbers: Mapping[str, Any]) -> Figure:
    marks = _marks(numbers, "recall", "precision")
    panels = _panels(numbers["precision_recall"], "recall", "precision", marks)
    svg = curves("precision-recall", panels, Axes("recall", "precision", _WHOLE, _WHOLE))
    areas = _areas(numbers["precision_recall"], "average_precision")
    alt = f"Lines: precision over recall. Average precision: {areas}.{_at_chosen(numbers)}"
    table = _table(numbers["precision_recall"], numbers["models"], "precision at a recall of at least")
    return Figure("precision-recall", "Precision and recall", svg, alt, table)


def _calibration_figure(numbers: Mapping[str, Any]) -> Figure:
    known = numbers["calibration"]
    names = list(known)
    panels = [
        Panel(
            title,
            [_reliability_line(model, of["bins"]) for model, of in known[name].items()],
            diagonal=True,
            diagonal_name="perfectly calibrated",
        )
        for title, name in zip(_titles(names), names, strict=True)
    ]
    is_likeliest = LIKELIEST in known
    y = "share that is right" if is_likeliest else "share that holds the label"
    svg = curves("calibration", panels, Axes("mean score", y, _WHOLE, _WHOLE))
    alt = (
        f"Dots in {BINS} bins of the score: the {y} over the mean score; a calibrated model is on the diagonal. "
        f"Expected calibration error: {_areas(known, 'ece')}."
    )
    header = ("label", "model", "score", "examples", "mean score", "share")
    shown = dict(zip(names, words.named(names), strict=True))
    rows = tuple(
        (
            shown[name],
            model,
            f"{one['lower']:.2f}\N{EN DASH}{one['upper']:.2f}",
            number(one["examples"]),
            words.figure(one["mean_score"]),
            words.figure(one["share"]),
        )
        for name, of_label in known.items()
        for model, of in of_label.items()
        for one in of["bins"]
        if one["examples"] and (model == CANDIDATE or len(names) == 1)
    )
    return Figure("calibration", "Calibration", svg, alt, Table(header, rows, names=3))


def _reliability_line(model: str, bins: Sequence[Mapping[str, Any]]) -> Line:
    there = [one for one in bins if one["examples"]]
    xs, ys = [one["mean_score"] for one in there], [one["share"] for one in there]
    return Line(model, xs, ys, MODELS.index(model), is_dotted=True)


def _threshold_figure(numbers: Mapping[str, Any]) -> Figure:
    known = numbers["thresholds"]
    names = list(known)
    panels = [
        Panel(
            title,
            [
                Line(metric, known[name][CANDIDATE]["threshold"], known[name][CANDIDATE][metric], place)
                for place, metric in enumerate(("precision", "recall", "f1"))
            ],
            at=numbers["chosen"][name]["threshold"],
        )
        for title, name in zip(_titles(names), names, strict=True)
    ]
    svg = curves("thresholds", panels, Axes("threshold", "of the candidate", _WHOLE, _WHOLE))
    alt = f"Lines: precision, recall and F1 of the candidate over the threshold.{_at_chosen(numbers)}"
    header = ("label", "threshold", "precision", "recall", "F1")
    rows = tuple(
        row
        for shown, name in zip(words.named(names), names, strict=True)
        for row in _threshold_rows(shown, known[name][CANDIDATE], numbers["chosen"][name])
    )
    return Figure("thresholds", "Thresholds", svg, alt, Table(header, rows))


def _threshold_rows(shown: str, known: Mapping[str, Any], chosen: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The chosen threshold first, then the others in steps of 0.1."""
    rows = [(f"{chosen['threshold']:.4f} (chosen)", *(chosen[metric] for metric in ("precision", "recall", "f1")))]
    for place in range(0, _STEPS + 1, 10):
        figures = (known[metric][place] for metric in ("precision", "recall", "f1"))
        rows.append((f"{known['threshold'][place]:.2f}", *figures))
    return [(shown, row[0], *map(words.figure, row[1:])) for row in rows]


def _areas(known: Mapping[str, Mapping[str, Any]], key: str) -> str:
    """The areas of all models, and labels where there are several, in a sentence."""
    several = len(known) > 1
    return "; ".join(
        f"{f'{name_of(name)}: ' if several else ''}"
        + ", ".join(f"{model} {words.figure(of[key])}" for model, of in of_label.items())
        for name, of_label in known.items()
    )


def _at_chosen(numbers: Mapping[str, Any]) -> str:
    if len(numbers["chosen"]) != 1:
        return " Each label's chosen threshold is marked." if numbers["chosen"] else ""
    (chosen,) = numbers["chosen"].values()
    return (
        f" At the chosen threshold {chosen['threshold']:.4f} precision is {words.figure(chosen['precision'])} and "
        f"recall {words.figure(chosen['recall'])}."
    )


def _table(known: Mapping[str, Mapping[str, Any]], models: Sequence[str], what: str) -> Table:
    """A column a model. `what`: the figure, and at what."""
    rows = []
    for shown, of_label in zip(words.named(list(known)), known.values(), strict=True):
        figures = {model: dict(of["at"]) for model, of in of_label.items()}
        there = next(iter(figures.values()), {})
        rows += [
            (shown, f"{at:g}", *(words.figure(figures.get(model, {}).get(at)) for model in models)) for at in there
        ]
    return Table(("label", what, *models), tuple(rows), names=2)
