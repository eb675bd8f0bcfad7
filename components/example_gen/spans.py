"""Spans: numbered portions of the data, one a day or a week, which `{SPAN}` in `data.path` stands for.

The notation is that of TFX's ExampleGens (tfx/components/example_gen/utils.py): `{SPAN}` is the number as it is,
`{SPAN:3}` the number with zeros before it, to three digits at least. Nothing heavy is imported, TFX least of all.
"""

from __future__ import annotations

import fnmatch
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from components.errors import ConfigError, DataError

LATEST = "latest"
# The metadata of a run on Kubeflow are JSON, whose numbers are doubles: larger ones would not come back as they were.
LARGEST = 2**53 - 1

_PLACE = re.compile(r"\{SPAN(?::([1-9][0-9]?))?\}")
_BEGINNING = re.compile(r"\{SPAN", re.IGNORECASE)
_BLURRED = re.compile(r"[]\[*?}0-9]\{SPAN|\{SPAN[^}]*\}[]\[*?{0-9]")
_MARK = "\0"  # stands in no name of a file
_NUMBER = re.compile(r"\s*0*[0-9]{1,16}\s*")
_DIGITS = re.compile(r"[0-9]+")
_MAGIC = frozenset("*?[")
_NAMED = 10  # spans that an error names


def has_span(path: str | None) -> bool:
    """Whether the path has a place for the number of a span.

    Raises:
        ConfigError: it is not written as TFX writes it, or nobody could tell where the number begins or ends.
    """
    if path is None:
        return False
    places = len(_PLACE.findall(path))
    if places != len(_BEGINNING.findall(path)):
        raise ConfigError(
            f"data.path {path!r}: the place of a span's number is written {{SPAN}}, or {{SPAN:3}} where it has zeros "
            "before it, to three digits (1 to 99); correct it"
        )
    if _BLURRED.search(path):
        raise ConfigError(
            f"data.path {path!r}: where the number of a span begins and ends cannot be told beside a digit, a wildcard "
            "or another {SPAN}; put a letter, - or / between them"
        )
    return places > 0


def read_span(value: object) -> int | str:
    """The value of `data.span`: a number, also written as text (as a run's parameters are), or `latest`.

    Raises:
        ConfigError: it is neither, or no number that a span can have.
    """
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST:
        return value
    if value == LATEST:
        return LATEST
    raise ConfigError(f"data.span is {value!r}; give the number of a span, from 0 to {LARGEST}, or {LATEST}")


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


def at(path: str, span: int) -> str:
    """The path of one span: every place filled in."""
    return _PLACE.sub(lambda place: _written(span, place), path)


def resolve_span(path: str | None, span: int | str) -> int | None:
    """The number of the span that is to be read: the one given, or the highest that has a file.

    None where the path has no `{SPAN}`. Names in which several places hold different numbers are of no span.

    Args:
        path: `data.path`; wildcards mean what they mean in it without spans.
        span: `data.span`.

    Raises:
        ConfigError: see `check_span`.
        DataError: there are no files of that span, or of any; or the number is written otherwise in their names.
    """
    check_span(path, span)
    if path is None or not has_span(path):
        return None
    wanted = read_span(span)
    if isinstance(wanted, int):
        return _given(path, wanted)
    latest = next(_present(path), None)
    if latest is None:
        raise _none_at_all(path)
    return latest


def matching(path: str) -> list[Path]:
    """The files that a path without spans stands for, in order: the one so called, else those that match it."""
    pattern = Path(path).expanduser()
    return [pattern] if pattern.is_file() else [found for found in _glob(pattern) if found.is_file()]


def _written(span: int, place: re.Match[str]) -> str:
    return str(span).zfill(int(place[1] or 0))


def _given(path: str, span: int) -> int:
    _check_spelling(path, span, _tokens(path))
    if not matching(at(path, span)):
        raise _missing(path, span)
    return span


def _missing(path: str, span: int) -> DataError:
    there = list(itertools.islice(_present(path), _NAMED + 1))
    if not there:
        return _none_at_all(path)
    names = ", ".join(map(str, sorted(there[:_NAMED])))
    which = f"the {_NAMED} latest that there are: {names}" if len(there) > _NAMED else f"those that there are: {names}"
    return DataError(
        f"data.span is {span}, but data.path {path!r} matches no file for it (seen from {Path.cwd()}); give one of "
        f"{which}"
    )


def _none_at_all(path: str) -> DataError:
    if any(Path(at(path, int(token))).expanduser().is_dir() for token in _tokens(path)):
        return folder_given(path)
    return DataError(f"data.path {path!r} matches no file, whatever the span (seen from {Path.cwd()}); correct it")


def folder_given(path: str) -> DataError:
    """The error where `data.path` is a folder, but should name files."""
    inside = str(Path(path).expanduser() / "*.csv")
    return DataError(f"data.path {path!r} is a folder; name the files in it, as in {inside!r}")


def _present(path: str) -> Iterator[int]:
    """The spans that have files, the highest first."""
    tokens = _tokens(path)
    for span in sorted({int(token) for token in tokens}, reverse=True):
        _check_spelling(path, span, tokens)
        if matching(at(path, span)):
            yield span


def _check_spelling(path: str, span: int, tokens: set[str]) -> None:
    """Refuses files of the span that would be passed over, since their names write it with other zeros."""
    for token in sorted(tokens):
        if int(token) != span or (other := _PLACE.sub(token, path)) == at(path, span):
            continue
        for file in matching(other):
            place = f"{{SPAN:{len(token)}}}" if len(token) > len(str(span)) else "{SPAN}"
            raise DataError(
                f"data.path {path!r} asks for {at(path, span)}, but span {span} has {file}, which would be passed "
                f"over; write {place} if that is how the numbers are written, or rename the files"
            )


def _tokens(path: str) -> set[str]:
    """The digits that may stand for `{SPAN}` where the path first has it, as they are written there."""
    parts = Path(path).expanduser().parts
    place = next(index for index, part in enumerate(parts) if _PLACE.search(part))
    folder, part = Path(*parts[:place]), parts[place]
    names = {found.name for parent in _folders(folder) for found in parent.glob(_PLACE.sub("*", part))}
    return {token for name in names for token in _candidates(part, name)}


def _folders(pattern: Path) -> list[Path]:
    return [pattern] if pattern.is_dir() else [found for found in _glob(pattern) if found.is_dir()]


def _candidates(part: str, name: str) -> Iterator[str]:
    """The digits in a name that can be the number in a part of the path: those that a mark can be put in place of."""
    pattern, places = _PLACE.subn(_MARK, part)
    runs = [run for run in _DIGITS.finditer(name) if int(run[0]) <= LARGEST]
    for chosen in itertools.combinations(runs, places):
        one_number = len({int(run[0]) for run in chosen}) == 1
        if one_number and fnmatch.fnmatchcase(_marked(name, chosen), pattern):
            yield chosen[0][0]


def _marked(name: str, runs: Iterable[re.Match[str]]) -> str:
    for run in reversed(list(runs)):
        name = name[: run.start()] + _MARK + name[run.end() :]
    return name


def _glob(pattern: Path) -> list[Path]:
    first_magic = next((index for index, part in enumerate(pattern.parts) if _MAGIC & set(part)), None)
    if first_magic is None:
        return []
    folder = Path(*pattern.parts[:first_magic])
    return sorted(folder.glob(str(Path(*pattern.parts[first_magic:]))))
