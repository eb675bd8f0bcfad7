"""Which span and version each file is of, by its name."""

from __future__ import annotations

import datetime
import fnmatch
import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from components.example_gen import storage
from components.example_gen.spans.pattern import DATE, DAY, EPOCH, MONTH, VERSION, YEAR, Pattern, literals, places
from components.example_gen.spans.value import LARGEST

_MARK = "\0"  # stands in no name of a file
_DIGITS = re.compile(r"[0-9]+")
_ANY_DEPTH = "**"
_Tokens = tuple[str, ...]


class Reading(NamedTuple):
    """One way to read the name of a file: what it is of, and the digits that stand at the places, in order."""

    span: int
    version: int | None
    tokens: _Tokens
    file: str


def readings(pattern: Pattern) -> list[Reading]:
    """Every way to read the names of the files that match the pattern for any span; see `storage.find` for errors."""
    parts, kinds = storage.parts(pattern.path), [place.kind for place in places(pattern.path)]
    found = storage.find(_glob(pattern.path))
    return [reading for file in found for reading in _of_file(parts, kinds, file)]


def _glob(path: str) -> str:
    wildcards = ["?" * place.width if place.kind in DATE else "*" for place in places(path)]
    return "".join(itertools.chain(*itertools.zip_longest(literals(path), wildcards, fillvalue="")))


def _of_file(parts: tuple[str, ...], kinds: list[str], file: str) -> Iterator[Reading]:
    for tokens in sorted(set(_tokens(parts, storage.parts(file)))):
        numbers = _agreed(kinds, tokens)
        span = None if numbers is None else _span(numbers)
        if numbers is not None and span is not None:
            yield Reading(span, numbers.get(VERSION), tokens, file)


def _agreed(kinds: list[str], tokens: _Tokens) -> dict[str, int] | None:
    """The number at the places of each kind, or None where places of one kind hold different ones."""
    numbers: dict[str, int] = {}
    for kind, token in zip(kinds, tokens, strict=True):
        if numbers.setdefault(kind, int(token)) != int(token):
            return None
    return numbers


def _span(numbers: dict[str, int]) -> int | None:
    if YEAR not in numbers:
        return numbers["SPAN"]
    try:
        days = (datetime.date(numbers[YEAR], numbers[MONTH], numbers[DAY]) - EPOCH).days
    except ValueError:  # the 31st of February: other digits than a date's
        return None
    return days if days >= 0 else None


def _tokens(pattern: tuple[str, ...], path: tuple[str, ...]) -> Iterator[_Tokens]:
    """What may stand at the places of the pattern, part by part."""
    if not pattern or not path:
        if not path and all(part == _ANY_DEPTH for part in pattern):
            yield ()
        return
    if pattern[0] == _ANY_DEPTH:
        for start in range(len(path) + 1):
            yield from _tokens(pattern[1:], path[start:])
        return
    for first in _part_tokens(pattern[0], path[0]):
        for rest in _tokens(pattern[1:], path[1:]):
            yield first + rest


@functools.lru_cache(maxsize=4096)
def _part_tokens(part: str, name: str) -> tuple[_Tokens, ...]:
    """What may stand at the places of one part, for each way to read the name.

    A number is a whole run of digits: those of which a mark can be put in place. A date's digits have fixed widths.
    """
    if not places(part):
        return ((),) if name == part or fnmatch.fnmatchcase(name, part) else ()
    runs = [run for run in _DIGITS.finditer(name) if int(run[0]) <= LARGEST]
    expression, numbers = _expression(part), sum(place.kind not in DATE for place in places(part))
    found = (_read(part, expression, name, chosen) for chosen in itertools.combinations(runs, numbers))
    return tuple(tokens for tokens in found if tokens is not None)


def _read(part: str, expression: re.Pattern[str], name: str, chosen: tuple[re.Match[str], ...]) -> _Tokens | None:
    match = expression.fullmatch(_marked(name, chosen))
    if match is None:
        return None
    numbers, dates = iter(run[0] for run in chosen), match.groupdict()
    return tuple(
        dates[f"place{index}"] if place.kind in DATE else next(numbers) for index, place in enumerate(places(part))
    )


def _expression(part: str) -> re.Pattern[str]:
    """The part with marks for its numbers and groups for the digits of its dates."""
    stand_in = [f"\1{index}\1" if place.kind in DATE else _MARK for index, place in enumerate(places(part))]
    glob = "".join(itertools.chain(*itertools.zip_longest(literals(part), stand_in, fillvalue="")))
    widths = [place.width for place in places(part)]
    translated = fnmatch.translate(glob)
    return re.compile(
        re.sub("\1([0-9]+)\1", lambda found: f"(?P<place{found[1]}>[0-9]{{{widths[int(found[1])]}}})", translated)
    )


def _marked(name: str, runs: Iterable[re.Match[str]]) -> str:
    for run in reversed(list(runs)):
        name = name[: run.start()] + _MARK + name[run.end() :]
    return name
