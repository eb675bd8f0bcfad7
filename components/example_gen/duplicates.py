"""What becomes of rows that hold the same text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from components.example_gen.rows import CONFLICTING_LABELS, BadRow, Candidate, bad_row


class Resolution(NamedTuple):
    """Every one of the rows that went in: kept, a duplicate of one that is kept, or in conflict with another."""

    kept: list[Candidate]
    duplicates: int
    conflicting: list[BadRow]


def resolve(same: Sequence[Candidate]) -> Resolution:
    """Decides over all rows of one text (equal `id`).

    A test split that the source itself made stays as it is, whatever it repeats or contradicts, so that results stay
    comparable with published ones; other rows of its texts are duplicates or in conflict. Without one, a single row
    is kept if all labels agree, and none if they do not. Which of equal rows is kept depends on their text alone,
    never on the order of rows or files.
    """
    if len(same) == 1:
        return Resolution(list(same), 0, [])
    official = [row for row in same if row.is_official_test]
    others = sorted(row for row in same if not row.is_official_test)
    if official:
        return _beside_official(official, others)
    if len({row.label for row in others}) > 1:
        return Resolution([], 0, [_conflict(row, others) for row in others])
    return Resolution(others[:1], len(others) - 1, [])


def _beside_official(official: list[Candidate], others: list[Candidate]) -> Resolution:
    labels = {row.label for row in official}
    conflicting = [_conflict(row, official) for row in others if row.label not in labels]
    return Resolution(official, len(others) - len(conflicting), conflicting)


def _conflict(row: Candidate, rivals: Sequence[Candidate]) -> BadRow:
    rival = min((other for other in rivals if other.label != row.label), key=lambda other: (other.file, other.line))
    detail = f"labelled {row.label}, but {rival.file}:{rival.line} has the same text labelled {rival.label}"
    return bad_row(row.file, row.line, CONFLICTING_LABELS, detail, row.text)
