"""The answers that are furthest from right, with the texts: only where the configuration asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from components.evaluator.names import CANDIDATE
from components.features import BINARY, MULTICLASS, NO_LABEL, TEST
from components.page.excerpts import cut
from components.page.tables import counted, name_of
from components.report import words
from components.report.predictions import Predictions, read
from components.report.section import Quote, Section
from components.report.told import NotThereError, Told

TITLE = "Hardest errors"
_NOT_ASKED_FOR = "No text of the data is shown: report.excerpts is 0."


def measure(run: Told) -> dict[str, Any]:
    """The wrong answers that the candidate is surest of, with the beginnings of their texts."""
    most = (run.config.get("report") or {}).get("excerpts", 0)
    if not most:
        raise NotThereError(_NOT_ASKED_FOR)
    known = read(run)
    found = _hardest(known, most)
    texts = _texts(run.output("TextExampleGen", "examples"), {one["id"] for one in found})
    return {
        "wrong": int(np.count_nonzero((known.answers != known.targets).any(axis=1))),
        "examples": len(known.ids),
        "errors": [one | {"texts": texts.get(one["id"], [])} for one in found],
    }


def show(numbers: Mapping[str, Any]) -> Section:
    """Each with what is right, what was answered, and the score that is furthest off."""
    errors = numbers["errors"]
    if not errors:
        return Section(notes=("Every answer on the test split is right.",))
    wrong = numbers["wrong"]
    told = f"{counted(wrong, 'example')} of {numbers['examples']:,} {'is' if wrong == 1 else 'are'} answered wrongly; "
    note = f"{told}these are furthest from right. Beginnings only; what cannot be seen is spelled out."
    return Section(notes=(note,), quotes=tuple(_quote(one) for one in errors))


def _hardest(known: Predictions, most: int) -> list[dict[str, Any]]:
    """By how far the score of a label that is answered wrongly is from what it should be."""
    scores, targets = known.scores[CANDIDATE], known.targets
    off = np.where(known.answers != targets, np.abs(scores - targets), -1.0)
    if known.kind == MULTICLASS:  # how unlikely the right label was to it
        off = np.where(targets & ~known.answers, 1.0 - scores, -1.0)
    furthest, by = off.argmax(axis=1), off.max(axis=1)
    order = [int(row) for row in np.lexsort((known.ids, -by)) if by[row] >= 0][:most]
    return [_error(known, row, int(furthest[row])) for row in order]


def _error(known: Predictions, row: int, label: int) -> dict[str, Any]:
    return {
        "id": str(known.ids[row]),
        "right": _held(known, known.targets[row]),
        "answered": _held(known, known.answers[row]),
        "label": known.scored[label],
        "score": float(known.scores[CANDIDATE][row, label]),
    }


def _held(known: Predictions, holds: np.ndarray) -> list[str]:
    if known.kind == BINARY:
        return [known.names[int(holds[0])]]
    return [name for name, is_held in zip(known.scored, holds, strict=True) if is_held]


def _texts(folder: str, ids: set[str]) -> dict[str, list[str]]:
    """The beginnings of the texts of some examples, one or the two of a pair, by id."""
    from components.exploration.batches import read as read_batches  # which loads TensorFlow

    found = {}
    for batch in read_batches(f"{folder}/Split-{TEST}"):
        for row, identity in enumerate(batch.ids):
            if (key := identity.decode()) in ids:
                pair = batch.text_pairs[row]
                texts = [batch.texts[row], *([pair] if pair else [])]
                found[key] = [cut(text.decode(errors="replace")) for text in texts]
    return found


def _quote(error: Mapping[str, Any]) -> Quote:
    about = (
        f"right: {_named(error['right'])} \N{MIDDLE DOT} answered: {_named(error['answered'])} \N{MIDDLE DOT} score of "
        f"{name_of(error['label'])} {words.figure(error['score'])}"
    )
    return Quote(about, tuple(error["texts"]) or ("(the text is not among the examples any more)",))


def _named(names: Sequence[str]) -> str:
    return words.listed(names) if names else NO_LABEL
