"""The corpus: which files it is of, and its rows in windows that fit into memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from components.errors import ConfigError, DataError
from components.example_gen import storage
from components.example_gen.formats import formats
from components.example_gen.formats.columns import Columns
from components.example_gen.formats.file import InputFile
from components.example_gen.rows import BAD_RECORD, DAMAGED, INVALID_UTF8, UNKNOWN_LABEL, BadRow, Row, bad_row

# Rows are sorted by length within a window, and at most one window is in memory.
WINDOW_ROWS = 1024
_WINDOW_CHARACTERS = 16 << 20

# How the readers name the settings that options of this verb stand for. No path and no name in a message holds the
# character NUL, so that nothing else is taken for one of these keys.
_SECTION = "\0"
_OPTIONS = {
    f"{_SECTION}.text_pair": "--pair-column",
    f"{_SECTION}.text": "--column",
    f"{_SECTION}.label": "--id-column",
    f"{_SECTION}.format": "--input-format",
}
# What the readers call them where they know of no section: in the remedy, which names no file.
_REMEDIES = {"data.format": "--input-format", "data.delimiter": "--delimiter", "data.path": "FILES"}


class Reading(NamedTuple):
    """How the files are read: the columns of text, second text and id, and what format and delimiter the files have."""

    column: str = "text"
    pair_column: str | None = None
    id_column: str | None = None
    form: str = "auto"
    delimiter: str | None = None

    @property
    def columns(self) -> Columns:
        """As the readers take them: an id is read as a label is, text or a whole number."""
        return Columns(self.column, self.pair_column, self.id_column, section=_SECTION)


class Item(NamedTuple):
    """A row to be scored."""

    file: str
    line: int
    id: str | None
    text: str
    pair: str | None

    @property
    def characters(self) -> int:
        """Of both texts."""
        return len(self.text) + len(self.pair or "")


class Piece(NamedTuple):
    """A file, numbered in the order of the corpus."""

    number: int
    format: str
    file: InputFile


class Window(NamedTuple):
    """Rows that follow one another in one file: those to be scored, and those that cannot be read."""

    piece: int
    items: list[Item]
    bad: list[BadRow]


def find(patterns: Sequence[str], reading: Reading) -> list[Piece]:
    """The files that match, each once, in the order given, after a look into each.

    Raises:
        ConfigError: the format of one cannot be told.
        DataError: nothing matches, or one cannot be read or lacks a column.
    """
    paths = list(dict.fromkeys(path for pattern in patterns for path in _matching(pattern)))
    try:
        pieces = [_piece(number, path, reading) for number, path in enumerate(paths)]
        for piece in pieces:
            formats.module(piece.format).check(piece.file, reading.columns)
    except (ConfigError, DataError) as error:
        raise type(error)(_in_options(str(error))) from error
    return pieces


def windows(piece: Piece, reading: Reading, done: Mapping[int, int]) -> Iterator[Window]:
    """The rows of a file that `find` has looked into, a window at a time.

    Args:
        piece: the file.
        reading: how it is read.
        done: how many rows of each file, by its number, are passed over.
    """
    window, characters = Window(piece.number, [], []), 0
    for row in itertools.islice(_rows(piece, reading), done.get(piece.number, 0), None):
        item = _item(row)
        if isinstance(item, BadRow):
            window.bad.append(item)
        else:
            window.items.append(item)
            characters += item.characters
        if len(window.items) + len(window.bad) == WINDOW_ROWS or characters >= _WINDOW_CHARACTERS:
            yield window
            window, characters = Window(piece.number, [], []), 0
    if window.items or window.bad:
        yield window


def _rows(piece: Piece, reading: Reading) -> Iterator[Row | BadRow]:
    """Ends with a BadRow of reason `damaged file` where the file is damaged, or out of reach all at once."""
    line = 0
    try:
        for row in formats.module(piece.format).read(piece.file, reading.columns):
            line = row.line
            yield row
    except DataError as error:
        yield bad_row(piece.file.name, line, DAMAGED, f"nothing is read after this line: {error}", "")


def _matching(pattern: str) -> list[str]:
    if storage.is_folder(pattern):
        raise DataError(f"{pattern} is a folder; name the files in it, as in '{pattern.rstrip('/')}/*.csv'")
    found = storage.find(pattern)
    if not found:
        raise DataError(f"{pattern} matches no file{storage.seen_from(pattern)}; correct it")
    return found


def _piece(number: int, path: str, reading: Reading) -> Piece:
    name = formats.format_of(path, reading.form, reading.delimiter, _SECTION)
    delimiter = formats.delimiter_of(name, reading.delimiter)
    return Piece(number, name, InputFile(path, storage.shown(path), delimiter))


def _item(row: Row | BadRow) -> Item | BadRow:
    if isinstance(row, BadRow):
        is_id = row.reason == UNKNOWN_LABEL  # of a column that was read as a label is
        return row._replace(reason=BAD_RECORD, detail=row.detail.replace("a label", "an id")) if is_id else row
    held = row.label if isinstance(row.label, str) else None
    texts = {"text": row.text, "second text": row.text_pair or "", "id": held or ""}
    problem = next(filter(None, (_encoding_problem(name, value) for name, value in texts.items())), None)
    if problem is not None:
        return bad_row(row.file, row.line, INVALID_UTF8, problem, row.text)
    return Item(row.file, row.line, held, row.text, row.text_pair)


def _encoding_problem(name: str, value: str) -> str | None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return f"character {error.start + 1} of the {name} is not UTF-8"
    return None


def _in_options(message: str) -> str:
    for key, option in _OPTIONS.items():
        message = message.replace(key, option)
    problem, semicolon, remedy = message.rpartition("; ")
    for key, option in _REMEDIES.items():
        remedy = remedy.replace(key, option)
    return f"{problem}{semicolon}{remedy}"
