"""The sources of text by name: which files each has, whether they will do, and their rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from components.errors import ConfigError, DataError
from components.example_gen import csv_reader, embedded, imdb_folder, spans
from components.example_gen.rows import BadRow, Row
from components.example_gen.settings import DataSettings, LabelSettings

FILES = "files"


class SourceFile(NamedTuple):
    """A file of a source: `name` is what a user calls it, in messages and in the quarantine."""

    name: str
    path: str


class Source(NamedTuple):
    """What a source can do.

    `list_files` and `check` raise DataError; `labels` are those that it sets by itself; `files_at_once` is how many of
    its files make a piece of work for one worker.
    """

    list_files: Callable[[DataSettings], list[SourceFile]]
    check: Callable[[DataSettings, list[SourceFile]], None]
    read: Callable[[DataSettings, SourceFile], Iterator[Row | BadRow]]
    labels: tuple[str, ...] = ()
    files_at_once: int = 1


def check_source(data: Mapping[str, Any], labels: Mapping[str, Any]) -> None:
    """Looks whether the source can be read at all, before any work: files there, columns there, labels known.

    Args:
        data: the section of the configuration, as plain JSON values.
        labels: the section of the configuration, as plain JSON values.

    Raises:
        ConfigError: the source is unknown, or its own labels have no name.
        DataError: a file or column is missing, a file is no UTF-8, a folder or package is not the one expected.
    """
    checked_files(DataSettings.from_dict(data), LabelSettings.from_dict(labels))


def checked_files(data: DataSettings, labels: LabelSettings) -> list[SourceFile]:
    """The files of the source, after the checks of `check_source` and with its errors."""
    source = _source(data)
    for label in source.labels:
        if labels.name_of(label) is None:
            raise ConfigError(
                f"data.source {data.source} has the labels {', '.join(source.labels)}, but {label!r} is none of "
                f"{', '.join(labels.accepted)}; add it to labels.names or labels.aliases"
            )
    files = source.list_files(data)
    source.check(data, files)
    return files


def list_files(data: DataSettings) -> list[SourceFile]:
    """The files of the source, in a fixed order. Raises ConfigError and DataError as `check_source` does."""
    return _source(data).list_files(data)


def resolve(data: DataSettings) -> DataSettings:
    """The settings with the number of the span that is to be read; unchanged where `data.path` has no `{SPAN}`.

    Raises:
        ConfigError: path and span are malformed, or do not go together.
        DataError: there are no files of that span, or of any.
    """
    span = spans.resolve_span(data.path, data.span) if data.source == FILES else None
    return data if span is None else dataclasses.replace(data, span=span)


def divide(data: DataSettings, files: list[SourceFile]) -> list[list[SourceFile]]:
    """The files in pieces of work, each for one worker."""
    size = _source(data).files_at_once
    return [files[start : start + size] for start in range(0, len(files), size)]


def read(data: DataSettings, file: SourceFile) -> Iterator[Row | BadRow]:
    """The rows of one of the source's files."""
    return _source(data).read(data, file)


def _source(data: DataSettings) -> Source:
    if data.source not in _SOURCES:
        raise ConfigError(f"data.source {data.source!r} is unknown; use one of {', '.join(_SOURCES)}")
    return _SOURCES[data.source]


def _path(data: DataSettings) -> Path:
    if not data.path:
        raise ConfigError(f"data.path is missing: data.source {data.source} needs it")
    return Path(data.path).expanduser()


def _match(data: DataSettings) -> list[SourceFile]:
    _path(data)  # whether there is one
    path = _path_of_span(resolve(data))
    if Path(path).expanduser().is_dir():
        raise spans.folder_given(path)
    paths = spans.matching(path)
    if not paths:
        raise DataError(f"data.path {path!r} matches no file (seen from {Path.cwd()}); correct it")
    return [SourceFile(str(path), str(path)) for path in paths]


def _path_of_span(data: DataSettings) -> str:
    path = data.path or ""
    return spans.at(path, data.span) if isinstance(data.span, int) else path


def _check_files(data: DataSettings, files: list[SourceFile]) -> None:
    for file in files:
        columns = {"data.text": data.text, "data.label": data.label}
        csv_reader.check(Path(file.path), file.name, data.delimiter, columns)


def _nothing_to_check(data: DataSettings, files: list[SourceFile]) -> None:
    """Listing the files was the check."""


_SOURCES = {
    "embedded": Source(
        list_files=lambda data: [SourceFile(f"{embedded.PACKAGE}/{embedded.FILE}", str(embedded.locate()))],
        check=_nothing_to_check,
        read=lambda data, file: embedded.read(Path(file.path), file.name),
        labels=embedded.LABELS,
    ),
    "imdb": Source(
        list_files=lambda data: [SourceFile(str(path), str(path)) for path in imdb_folder.list_files(_path(data))],
        check=_nothing_to_check,
        read=lambda data, file: imdb_folder.read(Path(file.path), file.name),
        labels=imdb_folder.LABELS,
        files_at_once=1000,  # there are 50,000, of one row each
    ),
    FILES: Source(
        list_files=_match,
        check=_check_files,
        read=lambda data, file: csv_reader.read(Path(file.path), file.name, data.delimiter, data.text, data.label),
    ),
}
