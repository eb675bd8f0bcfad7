"""Tables of texts, and how numbers and names are written in them."""

from __future__ import annotations

import dataclasses

from components.page.excerpts import cut, visible

_NAME_CHARACTERS = 40
MISSED = "MISSED"  # in a cell, which then stands out
INDENT = "  "  # before the name of a row that is part of the one above


@dataclasses.dataclass(frozen=True)
class Table:
    """Texts in rows under a header. The first `names` columns are names, the others numbers.

    A heading may be empty above the names of rows; where all are, the table has no header.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int = 1


def number(value: float) -> str:
    """A count, or a figure with a digit behind the point where it is small."""
    return f"{value:,.1f}" if value < 100 and value != int(value) else f"{value:,.0f}"


def counted(count: int, noun: str) -> str:
    """So many of what the noun is the singular of."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def share(part: float, whole: float = 1.0) -> str:
    """A share in per cent; what is there at all is never shown as nothing."""
    percent = 100.0 * part / whole if whole else 0.0
    return "< 0.1 %" if 0.0 < percent < 0.1 else f"{percent:.1f} %"


def name_of(label: str) -> str:
    """A label's name, or its beginning, fit to be shown."""
    return visible(cut(label, _NAME_CHARACTERS))
