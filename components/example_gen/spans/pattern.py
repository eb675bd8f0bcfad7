"""Places in `data.path` for the number of a span, of a version, or for a date.

The notation is that of TFX's ExampleGens (tfx/components/example_gen/utils.py): `{SPAN}` is the number as it is,
`{SPAN:3}` the number with zeros before it, to three digits at least, and likewise `{VERSION}`; `{YYYY}`, `{MM}` and
`{DD}` are a date, which is the span of that many days since 1970-01-01. Unlike TFX's, a place may stand several times.
"""

from __future__ import annotations

import dataclasses
import datetime
import re

from components.errors import ConfigError

SPAN = "SPAN"
VERSION = "VERSION"
YEAR, MONTH, DAY = "YYYY", "MM", "DD"
DATE = (YEAR, MONTH, DAY)
EPOCH = datetime.date(1970, 1, 1)
LAST_DAY = (datetime.date.max - EPOCH).days

_PLACE = re.compile(r"\{(?:(SPAN|VERSION)(?::([1-9][0-9]?))?|(YYYY|MM|DD))\}")
_BEGINNING = re.compile(r"\{(SPAN|VERSION|YYYY|MM|DD)", re.IGNORECASE)
# Runs of digits of any length: beside what could be part of them, nobody could tell where they begin or end.
_NUMBER = r"\{(?:SPAN|VERSION)[^}]*\}"
_BLURRED = re.compile(rf"[]\[*?}}0-9]({_NUMBER})|({_NUMBER})[]\[*?{{0-9]")


@dataclasses.dataclass(frozen=True)
class Place:
    """One place: what stands there, and its digits: at least as many, and of a date's exactly."""

    kind: str
    width: int

    def written(self, span: int, version: int | None) -> str:
        """What stands at the place for a span and version. Raises ValueError where there is none."""
        return str(self._number(span, version)).zfill(self.width)

    def _number(self, span: int, version: int | None) -> int:
        if self.kind == SPAN:
            return span
        if self.kind == VERSION:
            if version is None:
                raise ValueError("a path with {VERSION} needs a version")
            return version
        return getattr(date_of(span), {YEAR: "year", MONTH: "month", DAY: "day"}[self.kind])


@dataclasses.dataclass(frozen=True)
class Pattern:
    """A path that has places for a span."""

    path: str

    @property
    def has_dates(self) -> bool:
        """Whether its spans are dates."""
        return any(place.kind in DATE for place in places(self.path))

    def at(self, span: int, version: int | None = None) -> str:
        """The path of one span, and of one version where it has `{VERSION}`: every place filled in."""
        return _PLACE.sub(lambda match: _place(match).written(span, version), self.path)

    def name(self, span: int) -> str:
        """What a user calls the span: its date, or its number."""
        return date_of(span).isoformat() if self.has_dates and span <= LAST_DAY else str(span)


def parse(path: str | None) -> Pattern | None:
    """The places of a path, or None where it has none for a span.

    Raises:
        ConfigError: a place is not written as TFX writes it, places do not go together, or nobody could tell where a
            number begins or ends.
    """
    if path is None or not _BEGINNING.search(path):
        return None
    _check_spelling(path)
    _check_bounds(path)
    _check_together(path, {place.kind for place in places(path)})
    return Pattern(path)


def places(text: str) -> list[Place]:
    """The places in a path or a part of one, in order."""
    return [_place(match) for match in _PLACE.finditer(text)]


def literals(text: str) -> list[str]:
    """What stands before, between and after the places: one more than there are places."""
    ends = [0, *(match.end() for match in _PLACE.finditer(text))]
    starts = [*(match.start() for match in _PLACE.finditer(text)), len(text)]
    return [text[end:start] for end, start in zip(ends, starts, strict=True)]


def date_of(span: int) -> datetime.date:
    """The day that a span is: days since 1970-01-01, as in TFX. Raises OverflowError beyond the year 9999."""
    return EPOCH + datetime.timedelta(days=span)


def _place(match: re.Match[str]) -> Place:
    number, width, date = match.groups()
    return Place(number, int(width or 0)) if number else Place(date, len(date))


def _check_spelling(path: str) -> None:
    well = {match.start() for match in _PLACE.finditer(path)}
    kind = next((match[1].upper() for match in _BEGINNING.finditer(path) if match.start() not in well), None)
    if kind in DATE:
        raise ConfigError(f"data.path {path!r}: a date's places are written {{YYYY}}, {{MM}} and {{DD}}; correct it")
    if kind is not None:
        raise ConfigError(
            f"data.path {path!r}: the place of a {kind.lower()}'s number is written {{{kind}}}, or {{{kind}:3}} where "
            "it has zeros before it, to three digits (1 to 99); correct it"
        )


def _check_bounds(path: str) -> None:
    if blurred := _BLURRED.search(path):
        kind = places(blurred[1] or blurred[2])[0].kind
        raise ConfigError(
            f"data.path {path!r}: where the number of a {kind.lower()} begins and ends cannot be told beside a digit, "
            f"a wildcard or another {{{kind}}}; put a letter, - or / between them"
        )


def _check_together(path: str, kinds: set[str]) -> None:
    dates = kinds & set(DATE)
    if dates and SPAN in kinds:
        problem = "has both {SPAN} and a date, which is a span itself; leave one of them out"
    elif dates and len(dates) < len(DATE):
        missing = " and ".join(f"{{{kind}}}" for kind in DATE if kind not in dates)
        problem = f"has a date without {missing}; add what is missing"
    elif kinds == {VERSION}:
        problem = "has {VERSION}, but no span that it could be a version of; add {SPAN}, or {YYYY}, {MM} and {DD}"
    else:
        return
    raise ConfigError(f"data.path {path!r} {problem}")
