"""What became of the rows that were read, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.page.tables import INDENT, Table, number, share

_WAYS = {  # of a row, by their keys in summary.json
    "examples": "examples",
    "quarantined": "in quarantine",
    "duplicates": "duplicates dropped",
    "not_sampled": "not sampled",
    "unlabelled": "never labelled",
}


def account_table(account: Mapping[str, Any]) -> Table:
    """Each row went one way. Reasons stand, indented, below their sum.

    Args:
        account: as the ingest step wrote it (summary.json); one of an earlier version may not know every way.
    """
    read = account["rows"]
    lines = [("rows read", read)]
    for key, way in _WAYS.items():
        lines.extend(_lines(way, account.get(key, 0)))
    return Table(("", "rows", "share"), tuple((name, number(count), share(count, read)) for name, count in lines))


def in_words(key: str) -> str:
    """A key of the account as it is read."""
    return key.replace("_", " ")


def _lines(way: str, counted: int | Mapping[str, int]) -> list[tuple[str, int]]:
    if isinstance(counted, int):
        return [(way, counted)]
    reasons = [(f"{INDENT}{in_words(reason)}", count) for reason, count in counted.items()]
    return [(way, sum(counted.values())), *reasons]
