"""Which spans are read: the one asked for or the latest, and those before it within a window."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from components.errors import DataError
from components.example_gen import storage
from components.example_gen.spans.pattern import Pattern, parse, places
from components.example_gen.spans.reading import Reading, readings
from components.example_gen.spans.value import check_span, read_span

_NAMED = 10  # spans that an error names


class Portion(NamedTuple):
    """One span: its number, the version that is read where there are versions, and that one's files in order."""

    span: int
    version: int | None
    paths: tuple[str, ...]


class Selection(NamedTuple):
    """What is read: rising, the newest last; `previous` is the span before the newest, be it in the window or not."""

    portions: tuple[Portion, ...]
    previous: Portion | None


def select(path: str, span: int | str, window: int) -> Selection:
    """The latest `window` spans that have files, up to the one asked for; of several versions of a span the highest.

    Names in which several places hold different numbers are of no span.

    Args:
        path: `data.path`, which has a place for a span; wildcards mean what they mean in it without spans.
        span: `data.span`.
        window: at least 1.

    Raises:
        ConfigError: see `check_span`.
        DataError: there are no files of that span, or of any; or the numbers are written otherwise in their names.
        ValueError: the path has no place for a span.
    """
    check_span(path, span)
    pattern = parse(path)
    if pattern is None:
        raise ValueError(f"{path!r} has no place for a span")
    found = readings(pattern)
    newest = _newest(pattern, found, span)
    earlier = _numbers(found, at_most=newest - 1)
    chosen = [_portion(pattern, found, number) for number in [newest, *earlier[: max(window - 1, 1)]]]
    return Selection(tuple(reversed(chosen[:window])), chosen[1] if len(chosen) > 1 else None)


def resolve_span(path: str | None, span: int | str) -> int | None:
    """The number of the span that is to be read: the one given, or the highest that has a file.

    None where the path has no place for a span.

    Raises:
        ConfigError, DataError: see `select`.
    """
    check_span(path, span)
    pattern = parse(path)
    if pattern is None:
        return None
    found = readings(pattern)
    return _portion(pattern, found, _newest(pattern, found, span)).span


def folder_given(path: str) -> DataError:
    """The error where `data.path` is a folder, but should name files."""
    return DataError(f"data.path {path!r} is a folder; name the files in it, as in {path.rstrip('/') + '/*.csv'!r}")


def _newest(pattern: Pattern, found: list[Reading], span: int | str) -> int:
    wanted, there = read_span(span), _numbers(found)
    if not there:
        raise _none_at_all(pattern)
    if not isinstance(wanted, int):
        return there[0]
    if wanted not in there:
        raise _missing(pattern, wanted, there)
    return wanted


def _numbers(found: Iterable[Reading], at_most: int | None = None) -> list[int]:
    """The spans that have files, the highest first."""
    return sorted({one.span for one in found if at_most is None or one.span <= at_most}, reverse=True)


def _portion(pattern: Pattern, found: list[Reading], span: int) -> Portion:
    of_span = [one for one in found if one.span == span]
    version = max((one.version for one in of_span if one.version is not None), default=None)
    chosen = [one for one in of_span if one.version == version]
    for one in chosen:
        _check_spelling(pattern, one)
    return Portion(span, version, tuple(dict.fromkeys(one.file for one in chosen)))


def _check_spelling(pattern: Pattern, one: Reading) -> None:
    """Refuses files of the span that would be passed over, since their names write it with other zeros."""
    for place, token in zip(places(pattern.path), one.tokens, strict=True):
        if token == place.written(one.span, one.version):
            continue
        written = f"{{{place.kind}:{len(token)}}}" if len(token) > len(str(int(token))) else f"{{{place.kind}}}"
        which = f"span {pattern.name(one.span)}" + ("" if one.version is None else f", version {one.version},")
        raise DataError(
            f"data.path {pattern.path!r} asks for {pattern.at(one.span, one.version)}, but {which} has {one.file}, "
            f"which would be passed over; write {written} if that is how the numbers are written, or rename the files"
        )


def _missing(pattern: Pattern, span: int, there: list[int]) -> DataError:
    names = ", ".join(pattern.name(number) for number in sorted(there[:_NAMED]))
    which = f"the {_NAMED} latest that there are: {names}" if len(there) > _NAMED else f"those that there are: {names}"
    return DataError(
        f"data.span is {pattern.name(span)}, but data.path {pattern.path!r} matches no file for it"
        f"{storage.seen_from(pattern.path)}; give one of {which}"
    )


def _none_at_all(pattern: Pattern) -> DataError:
    if readings(Pattern(f"{pattern.path.rstrip('/')}/*")):
        return folder_given(pattern.path)
    return DataError(
        f"data.path {pattern.path!r} matches no file, whatever the span{storage.seen_from(pattern.path)}; correct it"
    )
