"""What becomes of rows that hold the same text."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Sequence

from components.example_gen.rows import CONFLICTING_LABELS, BadRow, Candidate, bad_row
from components.example_gen.settings import DROP, Duplicates

# Where the other row of the same text stands.
ACROSS_SPLITS = "across_splits"  # in the official test split
WITHIN_SPLIT = "within_split"


@dataclasses.dataclass(frozen=True)
class Resolution:
    """What became of the rows: each is kept, dropped for its duplicate, or in conflict with another.

    `repeated` is how many of the kept ones repeat another, and `place` where that one stands, for these and for the
    dropped; `contradictions` is how many of an official test split others of it contradict, all of them kept.
    """

    kept: list[Candidate]
    dropped: dict[str, int] = dataclasses.field(default_factory=dict)
    repeated: dict[str, int] = dataclasses.field(default_factory=dict)
    conflicting: list[BadRow] = dataclasses.field(default_factory=list)
    contradictions: int = 0


def resolve(same: Sequence[Candidate], settings: Duplicates) -> Resolution:
    """Decides over all rows of one text (equal `id`).

    A test split that the source itself made stays as it is, whatever it repeats or contradicts, so that results stay
    comparable with published ones; other rows of its texts are duplicates or in conflict. Without one, all labels must
    agree, and then a single row is kept (all of them where duplicates are only counted). Which of equal rows is kept
    depends on their text first, never on the order of rows or files.

    Args:
        same: the rows, sorted.
        settings: whether duplicates are dropped or counted.
    """
    if len(same) == 1:
        return Resolution(list(same))
    official = [row for row in same if row.is_official_test]
    others = [row for row in same if not row.is_official_test]
    if official:
        return _beside_official(official, others, settings)
    if len({row.labels for row in others}) > 1:
        return Resolution([], conflicting=[_conflict(row, others) for row in others])
    rest = {WITHIN_SPLIT: len(others) - 1}
    if settings.within_split == DROP:
        return Resolution(others[:1], dropped=rest)
    return Resolution(others, repeated=rest)


def _beside_official(official: list[Candidate], others: list[Candidate], settings: Duplicates) -> Resolution:
    labels = {row.labels for row in official}
    conflicting = [_conflict(row, official) for row in others if row.labels not in labels]
    agreeing = [row for row in others if row.labels in labels]
    contradictions = len(official) if len(labels) > 1 else 0
    within = {WITHIN_SPLIT: len(official) - 1}
    if settings.across_splits == DROP or not agreeing:
        dropped = {ACROSS_SPLITS: len(agreeing)}
        return Resolution(official, dropped, within, conflicting, contradictions)
    rest = resolve(agreeing, settings)
    repeated = collections.Counter(within) + collections.Counter(rest.repeated)
    repeated[ACROSS_SPLITS] = len(rest.kept)
    return Resolution(
        [*official, *rest.kept], rest.dropped, dict(repeated), [*conflicting, *rest.conflicting], contradictions
    )


def _conflict(row: Candidate, rivals: Sequence[Candidate]) -> BadRow:
    rival = min((other for other in rivals if other.labels != row.labels), key=lambda other: (other.file, other.line))
    detail = (
        f"labelled {_listed(row.labels)}, but {rival.file}:{rival.line} has the same text labelled "
        f"{_listed(rival.labels)}"
    )
    return bad_row(row.file, row.line, CONFLICTING_LABELS, detail, row.text)


def _listed(labels: tuple[str, ...]) -> str:
    return ", ".join(labels) or "with none"
