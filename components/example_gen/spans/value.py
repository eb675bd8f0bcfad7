"""What `data.span` may hold."""

from __future__ import annotations

import datetime
import re

from components.errors import ConfigError
from components.example_gen.spans.pattern import EPOCH, parse, places

LATEST = "latest"
# The metadata of a run on Kubeflow are JSON, whose numbers are doubles: larger ones would not come back as they were.
LARGEST = 2**53 - 1

_NUMBER = re.compile(r"\s*0*[0-9]{1,16}\s*")
_DATE = re.compile(r"\s*([0-9]{4})-([0-9]{2})-([0-9]{2})\s*")


def read_span(value: object) -> int | str:
    """The value of `data.span`: a number or a date, also written as text (as a run's parameters are), or `latest`.

    A date is the number of days since 1970-01-01.

    Raises:
        ConfigError: it is none of these, or no number that a span can have.
    """
    if isinstance(value, str):
        value = _from_text(value)
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = (value - EPOCH).days
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST:
        return value
    if value == LATEST:
        return LATEST
    raise ConfigError(
        f"data.span is {value!r}; give the number of a span, from 0 to {LARGEST}, or {LATEST}, or a date as 2026-11-20 "
        "where data.path has {YYYY}, {MM} and {DD}"
    )


def has_span(path: str | None) -> bool:
    """Whether the path has a place for the number of a span, or for a date.

    Raises:
        ConfigError: its places are malformed, or do not go together.
    """
    return parse(path) is not None


def has_places(path: str) -> bool:
    """Whether anything in the path stands for a number or a part of a date, be it enough for a span or not."""
    return bool(places(path))


def check_span(path: str | None, span: object) -> None:
    """Looks whether path and span go together, without looking for files.

    Raises:
        ConfigError: one of them is malformed, or a number is given that the path has no place for.
    """
    if not has_span(path) and read_span(span) != LATEST:
        value = "" if path is None else f" {path!r}"
        raise ConfigError(
            f"data.span is {span}, but data.path{value} has no {{SPAN}}; write {{SPAN}} where the number stands in "
            "the names, or leave data.span out"
        )


def _from_text(text: str) -> object:
    if _NUMBER.fullmatch(text):
        return int(text)
    if date := _DATE.fullmatch(text):
        try:
            return datetime.date(*map(int, date.groups()))
        except ValueError:  # the 31st of February: reported as it was written
            return text
    return text
