"""The sources of text by name: which files each has, whether they will do, and their rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from components.errors import ConfigError, DataError
from components.example_gen import spans, storage
from components.example_gen.rows import DAMAGED, SERVING, BadRow, Row, bad_row
from components.example_gen.settings import FILES, DataSettings, LabelSettings
from components.example_gen.sources import embedded, files, imdb, quora, toxic
from components.example_gen.sources.source_file import SourceFile
from components.features import MULTILABEL

EMBEDDED, IMDB, QUORA, TOXIC = "embedded", "imdb", "quora", "toxic"

_PIECE_BYTES = 32 << 20
_PIECE_FILES = 1000


class Source(NamedTuple):
    """What a source can do.

    `list_files` and `check` raise ConfigError and DataError; `labels` are those that it sets by itself, of which a row
    has one unless it `holds_many`; `weigh` says how much work a file is, in bytes as stored.
    """

    list_files: Callable[[DataSettings], list[SourceFile]]
    check: Callable[[DataSettings, LabelSettings, list[SourceFile]], None]
    read: Callable[[DataSettings, LabelSettings, SourceFile], Iterator[Row | BadRow]]
    weigh: Callable[[SourceFile], int]
    labels: tuple[str, ...] = ()
    holds_many: bool = False


def check_source(data: Mapping[str, Any], labels: Mapping[str, Any]) -> None:
    """Looks whether the source can be read at all, before any work: files there, columns there, labels known.

    Args:
        data: the section of the configuration, as plain JSON values.
        labels: the section of the configuration, as plain JSON values.

    Raises:
        ConfigError: the source is unknown, its own labels have no name, or columns and labels do not go together.
        DataError: a file or column is missing, a file is damaged or no UTF-8, a folder or package is not the one
            expected.
    """
    checked_files(DataSettings.from_dict(data), LabelSettings.from_dict(labels))


def checked_files(data: DataSettings, labels: LabelSettings) -> list[SourceFile]:
    """The files of the source, after the checks of `check_source` and with its errors."""
    source = _source(data)
    _check_labels(data.source, source, labels)
    listed = list_files(data)
    own, serving = _by_role(listed)
    source.check(data, labels, own)
    files.check(data, labels, serving)
    return listed


def list_files(data: DataSettings) -> list[SourceFile]:
    """The files of all roles, in a fixed order. Raises ConfigError and DataError as `check_source` does."""
    return [*_source(data).list_files(data), *files.list_serving(data.serving)]


def resolve(data: DataSettings) -> DataSettings:
    """The settings with the number of the span that is to be read; unchanged where `data.path` has no `{SPAN}`.

    Raises:
        ConfigError: path and span are malformed, or do not go together.
        DataError: there are no files of that span, or of any.
    """
    span = spans.resolve_span(data.path, data.span) if data.source == FILES else None
    return data if span is None else dataclasses.replace(data, span=span)


def divide(data: DataSettings, listed: list[SourceFile]) -> list[list[SourceFile]]:
    """The files in pieces of work, each for one worker: small files together, so that many are not slow."""
    own, serving = _by_role(listed)
    return [*_pieces(own, _source(data).weigh), *_pieces(serving, _stored)]


def _pieces(listed: list[SourceFile], weigh: Callable[[SourceFile], int]) -> Iterator[list[SourceFile]]:
    """The files in order, in pieces of at most `_PIECE_BYTES`, unless one has more, and `_PIECE_FILES`."""
    piece: list[SourceFile] = []
    total = 0
    for file in listed:
        weight = weigh(file)
        if piece and (total + weight > _PIECE_BYTES or len(piece) == _PIECE_FILES):
            yield piece
            piece, total = [], 0
        piece.append(file)
        total += weight
    if piece:
        yield piece


def _stored(file: SourceFile) -> int:
    """The bytes of a file; a piece's whole of a URL, since to ask for each would take as long as to read it."""
    if storage.is_url(file.path):
        return _PIECE_BYTES
    try:
        return storage.size(file.path)
    except DataError:  # `read` makes a BadRow of it
        return 0


def read(data: DataSettings, labels: LabelSettings, file: SourceFile) -> Iterator[Row | BadRow]:
    """The rows of one of the source's files.

    Nothing is raised for what a user can mend: a file that has become unreadable since the check is a BadRow
    of reason `damaged file`.
    """
    reader = files.read if file.role == SERVING else _source(data).read
    line = 1
    try:
        for row in reader(data, labels, file):
            line = row.line
            yield row
    except DataError as error:
        yield bad_row(file.name, line, DAMAGED, str(error), "")


def _source(data: DataSettings) -> Source:
    if data.source not in _SOURCES:
        raise ConfigError(f"data.source {data.source!r} is unknown; use one of {', '.join(_SOURCES)}")
    return _SOURCES[data.source]


def _by_role(listed: list[SourceFile]) -> tuple[list[SourceFile], list[SourceFile]]:
    """The source's own files, and those of texts that users sent."""
    return [file for file in listed if file.role != SERVING], [file for file in listed if file.role == SERVING]


def _check_labels(name: str, source: Source, labels: LabelSettings) -> None:
    for label in source.labels:
        if labels.name_of(label) is None:
            raise ConfigError(
                f"data.source {name} has the labels {', '.join(source.labels)}, but {label!r} is none of "
                f"{', '.join(labels.accepted)}; add it to labels.names or labels.aliases"
            )
    if source.labels and source.holds_many != labels.holds_many:
        has = "any number of labels a row" if source.holds_many else "one label a row"
        remedy = f"set it to {MULTILABEL}" if source.holds_many else "set it to binary"
        raise ConfigError(f"data.source {name} has {has}, but labels.kind is {labels.kind}; {remedy}")


_SOURCES = {
    EMBEDDED: Source(
        list_files=embedded.list_files,
        check=lambda data, labels, listed: None,  # locating the file was the check
        read=lambda data, labels, file: embedded.read(Path(file.path), file.name),
        weigh=_stored,
        labels=embedded.LABELS,
    ),
    IMDB: Source(
        list_files=imdb.list_files,
        check=lambda data, labels, listed: imdb.check(listed),
        read=lambda data, labels, file: imdb.read(file),
        weigh=lambda file: 0,  # the tree has 50,000, of one row each
        labels=imdb.LABELS,
    ),
    QUORA: Source(
        list_files=quora.list_files,
        check=lambda data, labels, listed: quora.check(listed),
        read=lambda data, labels, file: quora.read(file),
        weigh=_stored,
        labels=quora.LABELS,
    ),
    TOXIC: Source(
        list_files=toxic.list_files,
        check=lambda data, labels, listed: toxic.check(listed),
        read=lambda data, labels, file: toxic.read(data, file),
        weigh=_stored,
        labels=toxic.LABELS,
        holds_many=True,
    ),
    FILES: Source(list_files=files.list_files, check=files.check, read=files.read, weigh=_stored),
}
