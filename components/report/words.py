"""Numbers as the report writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.page import drawing
from components.page.tables import name_of

NOTHING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def figure(value: float | None) -> str:
    """A metric, with four decimals."""
    if value is None:
        return NOTHING
    return f"{value:.4f}".replace("-", MINUS)


def difference(value: float | None) -> str:
    """How far a metric is from another, with its sign."""
    return NOTHING if value is None else f"{value:+.4f}".replace("-", MINUS)


def interval(bounds: Sequence[float | None] | None) -> str:
    """An interval by its bounds."""
    if bounds is None or None in bounds:
        return NOTHING
    return f"{figure(bounds[0])} to {figure(bounds[1])}"


def duration(seconds: float | None) -> str:
    """Seconds as people read them: 3.8 s, 5:51 min, 1:22:00 h."""
    if seconds is None:
        return NOTHING
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def told(value: Any) -> str:
    """A setting or digest, be it missing."""
    return NOTHING if value is None or value == "" else str(value)


def named(names: Sequence[str], most: int = drawing.LABEL_CHARACTERS) -> list[str]:
    """The names for a table under a drawing: with the numbers that stand in the drawing where it cannot write them.

    `most`: how many letters of a name the drawing writes.
    """
    if all(drawing.writable(name, most) for name in names):
        return list(map(name_of, names))
    return [f"{place}. {name_of(name)}" for place, name in enumerate(names, 1)]


def listed(names: Sequence[str], most: int = 8) -> str:
    """Names in a sentence, the first few of many."""
    shown = ", ".join(map(name_of, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
