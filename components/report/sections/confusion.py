"""What the candidate takes for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from components.features import BINARY, MULTILABEL
from components.page.drawing import tick
from components.page.figure import Figure
from components.page.tables import Table, counted, name_of, number, share
from components.report import words
from components.report.drawing import TITLE_CHARACTERS, Matrix, matrices
from components.report.predictions import Predictions, read
from components.report.section import Section
from components.report.told import Told

TITLE = "Confusion"
LABELS_DRAWN = 12  # of one of many
PANELS_DRAWN = 6  # of any of many
_LABELS_LISTED = 20
_PAIRS_LISTED = 10
_OTHERS = "(others)"
_COUNTS = ("true_positives", "false_positives", "false_negatives", "true_negatives")


def measure(run: Told) -> dict[str, Any]:
    """Counts of the test split: a matrix, or of labels that may hold together the four counts of each."""
    known = read(run)
    if known.kind == MULTILABEL:
        return {"kind": known.kind, "examples": len(known.ids), "labels": _by_label(known)}
    right, answered = _places(known)
    size = len(known.names)
    counts = np.zeros((size, size), np.int64)
    np.add.at(counts, (right, answered), 1)
    return {"kind": known.kind, "examples": len(known.ids), **_cut(known.names, counts)}


def show(numbers: Mapping[str, Any]) -> Section:
    """One matrix, or one a label."""
    return _show_labels(numbers) if numbers["kind"] == MULTILABEL else _show_matrix(numbers)


def _places(known: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """Which label is right, and which is answered, of each example: int [N], twice."""
    if known.kind == BINARY:
        return known.targets[:, 0].astype(int), known.answers[:, 0].astype(int)
    return known.targets.argmax(axis=1), known.answers.argmax(axis=1)


def _cut(names: tuple[str, ...], counts: np.ndarray) -> dict[str, Any]:
    """The matrix of the most frequent labels, the others put together, and the pairs that are confused most often."""
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:_PAIRS_LISTED]
    pairs = [np.unravel_index(place, counts.shape) for place in order]
    confused = [[names[row], names[column], int(wrong[row, column])] for row, column in pairs if wrong[row, column]]
    shown = list(names)
    if len(names) > LABELS_DRAWN:
        kept = np.sort(np.argsort(-counts.sum(axis=1), kind="stable")[: LABELS_DRAWN - 1])
        rest = np.setdiff1d(np.arange(len(names)), kept)
        folded = np.vstack([counts[kept], counts[rest].sum(axis=0)])
        counts = np.hstack([folded[:, kept], folded[:, rest].sum(axis=1, keepdims=True)])
        shown = [*(names[place] for place in kept), _OTHERS]
    return {"names": shown, "labels_of": len(names), "matrix": counts.tolist(), "confused": confused}


def _by_label(known: Predictions) -> dict[str, dict[str, int]]:
    """The four counts of each label, the most frequent first."""
    found = {}
    for place in known.by_frequency():
        right, answered = known.targets[:, place], known.answers[:, place]
        pairs = (right & answered, ~right & answered, right & ~answered, ~right & ~answered)
        counts = (int(np.count_nonzero(rows)) for rows in pairs)
        found[known.scored[place]] = dict(zip(_COUNTS, counts, strict=True))
    return found


def _show_matrix(numbers: Mapping[str, Any]) -> Section:
    names, counts = numbers["names"], numbers["matrix"]
    svg = matrices("confusion", [Matrix("", names, names, counts)])
    alt = (
        "Matrix: examples of the test split by the label that is right and the one that the candidate answers."
        f"{_right(numbers)}{_most_confused(numbers['confused'])}"
    )
    shown = words.named(names)
    rows = tuple((label, *map(number, row)) for label, row in zip(shown, counts, strict=True))
    figure = Figure("confusion", "What the candidate takes for what", svg, alt, Table(("right", *shown), rows))
    confused, notes = numbers["confused"], ()
    if numbers["labels_of"] > len(names):
        notes = (f"The {len(names) - 1} most frequent of {numbers['labels_of']} labels; the rest is put together.",)
    pairs = Table(
        ("right", "answered", "examples"), tuple((name_of(a), name_of(b), number(count)) for a, b, count in confused), 2
    )
    tables = (("Confused most often", pairs),) if confused and numbers["labels_of"] > 2 else ()
    return Section(notes=notes, figures=(figure,), tables=tables)


def _right(numbers: Mapping[str, Any]) -> str:
    """How many are right; among labels that are put together there are mistakes, too."""
    if numbers["labels_of"] > len(numbers["names"]):
        return ""
    right, examples = sum(row[place] for place, row in enumerate(numbers["matrix"])), numbers["examples"]
    return f" {number(right)} of {number(examples)} ({share(right, examples)}) are right."


def _most_confused(confused: Sequence[Sequence[Any]]) -> str:
    if not confused:
        return ""
    right, answered, count = confused[0]
    return f" Most often confused: {name_of(right)}, taken for {name_of(answered)}, {counted(count, 'time')}."


def _show_labels(numbers: Mapping[str, Any]) -> Section:
    known = numbers["labels"]
    names = list(known)
    drawn = names[:PANELS_DRAWN]
    titles = words.named(drawn, TITLE_CHARACTERS)
    panels = [
        Matrix(tick(name, place, most=TITLE_CHARACTERS), ("yes", "no"), ("yes", "no"), _square(known[name]))
        for place, name in enumerate(drawn, 1)
    ]
    told = "; ".join(
        f"{name_of(name)}: {number(known[name]['false_positives'])} too many, "
        f"{number(known[name]['false_negatives'])} missed"
        for name in drawn
    )
    alt = f"A matrix a label: whether it holds, and whether the candidate says so. {told}."
    header = ("label", "rightly yes", "wrongly yes", "wrongly no", "rightly no")
    listed = names[:_LABELS_LISTED]
    shown = titles + [name_of(name) for name in listed[len(drawn) :]]
    rows = tuple(
        (label, *(number(known[name][key]) for key in _COUNTS)) for label, name in zip(shown, listed, strict=True)
    )
    figure = Figure("confusion", "Whether each label holds", matrices("confusion", panels), alt, Table(header, rows))
    notes = []
    if len(names) > len(drawn):
        listing = "" if len(listed) == len(names) else f", {len(listed)} of them listed"
        notes.append(f"The {len(drawn)} most frequent of {len(names)} labels are drawn{listing}.")
    return Section(notes=tuple(notes), figures=(figure,))


def _square(counts: Mapping[str, int]) -> list[list[int]]:
    return [
        [counts["true_positives"], counts["false_negatives"]],
        [counts["false_positives"], counts["true_negatives"]],
    ]
