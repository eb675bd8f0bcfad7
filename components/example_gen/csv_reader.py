"""Reads delimited text with a header, so that no line of it is lost or altered unseen.

Encoding is UTF-8 with or without byte order mark, plain or in .gz or .xz. Quoting is RFC 4180's, taken strictly:
whatever the csv module would have to guess is a bad row instead.
"""

from __future__ import annotations

import collections
import csv
import gzip
import io
import lzma
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO, cast

from components.errors import DataError
from components.example_gen.rows import BAD_QUOTING, DAMAGED, WRONG_COLUMNS, BadRow, Row, bad_row

_COMPRESSED = {".gz": gzip.open, ".xz": lzma.open}
_DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError)
_OTHER_ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\0\0\xfe\xff": "UTF-32"}
_QUOTE = '"'
_NUL_STAND_IN = "\udc00"  # stands for no byte in PEP 383; the csv module of Python 3.10 refuses NUL itself
_MAX_FIELD_CHARACTERS = 64 << 20  # a field beyond this is an unclosed quote, not a text


class Record(NamedTuple):
    """A row of the file: the line it begins on, its fields, or what is wrong with its quoting and its raw line."""

    line: int
    fields: list[str]
    problem: str | None = None
    raw: str = ""


def check(path: Path, name: str, delimiter: str, columns: dict[str, str]) -> None:
    """Raises DataError unless the file can be opened, is UTF-8 and its header has the columns.

    Args:
        path: the file.
        name: what to call it in messages.
        delimiter: a single character.
        columns: the column that each configuration key names.
    """
    try:
        _check_encoding(path, name)
        with open_text(path) as lines:
            header = next(records(lines, delimiter), None)
    except _DAMAGE as error:
        raise DataError(f"{name} cannot be read: {error}; fetch or unpack it again") from error
    if header is None:
        raise DataError(f"{name} is empty; a header with the columns {_listed(columns.values())} was expected")
    if header.problem:
        raise DataError(f"{name}:{header.line}: the header cannot be read: {header.problem}; mend the line")
    _check_header_text(header.fields, name)
    for key, column in columns.items():
        _check_column(header.fields, column, key, name)


def _check_header_text(fields: list[str], name: str) -> None:
    try:
        "".join(fields).encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"{name}:1: the header is not UTF-8 text; unpack the file if it is an archive, "
            "or convert it with iconv -t UTF-8"
        ) from error


def read(path: Path, name: str, delimiter: str, text: str, label: str) -> Iterator[Row | BadRow]:
    """Every row of a file that passed `check`; `line` is the first line of the row. Empty lines are no rows.

    Ends with a BadRow of reason `damaged file` where the rest cannot be decompressed.
    """
    line = 1
    try:
        with open_text(path) as lines:
            rows = records(lines, delimiter)
            header = next(rows).fields
            text_at, label_at = header.index(text), header.index(label)
            for record in rows:
                line = record.line
                bad = find_problem(record, name, len(header))
                yield bad or Row(name, line, record.fields[text_at], record.fields[label_at])
    except _DAMAGE as error:
        yield bad_row(name, line, DAMAGED, f"the file breaks off after this line: {error}", "")


def find_problem(record: Record, name: str, columns: int) -> BadRow | None:
    """The BadRow of a record whose quoting or number of columns is wrong."""
    if record.problem:
        return bad_row(name, record.line, BAD_QUOTING, record.problem, record.raw)
    if len(record.fields) != columns:
        detail = f"{len(record.fields)} column(s) where the header has {columns}"
        return bad_row(name, record.line, WRONG_COLUMNS, detail, " | ".join(record.fields))
    return None


def open_text(path: Path) -> TextIO:
    """The file's text, undamaged by reading: line ends as they are, bytes that are no UTF-8 as lone surrogates."""
    return io.TextIOWrapper(_open(path), encoding="utf-8-sig", errors="surrogateescape", newline="")


def records(lines: Iterable[str], delimiter: str) -> Iterator[Record]:
    """The records of lines, header included.

    A quote that does not close would swallow every row up to the next quote. It costs one row here: the lines after
    the one that it stands on are read again, and the end of its text, should it come, is refused as well.
    """
    # The limit belongs to the process; it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_FIELD_CHARACTERS))
    feed = _LineFeed(lines)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.begin_record()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Record(feed.line, [], f"a quote does not close, or stands within quotes ({error})", feed.refuse())
            continue
        if feed.ends_lost_quote():
            yield Record(feed.line, [], "it ends a text whose beginning could not be read", feed.raw)
        elif fields:
            yield Record(feed.line, [field.replace(_NUL_STAND_IN, "\0") for field in fields])


class _LineFeed:
    """Lines for csv.reader, remembering those of the record at hand, so that they can be read again."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.line = 1
        self._lines = iter(lines)
        self._taken: list[str] = []
        self._returned: collections.deque[str] = collections.deque()
        self._is_quote_lost = False

    def __iter__(self) -> _LineFeed:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._lines)
        self._taken.append(line)
        return line.replace("\0", _NUL_STAND_IN)

    @property
    def raw(self) -> str:
        return "".join(self._taken)

    def begin_record(self) -> None:
        self.line += len(self._taken)
        self._taken = []

    def refuse(self) -> str:
        """Gives the record up: its first line is returned, and the others will be read again."""
        first, *rest = self._taken
        self._returned.extendleft(reversed(rest))
        self._taken = [first]
        self._is_quote_lost = self._has_odd_quotes()
        return first

    def ends_lost_quote(self) -> bool:
        """Whether the record holds the end of a text whose beginning was refused: the next line with quotes tells."""
        if not self._is_quote_lost or _QUOTE not in self.raw:
            return False
        self._is_quote_lost = False
        return self._has_odd_quotes()

    def _has_odd_quotes(self) -> bool:
        return self.raw.count(_QUOTE) % 2 == 1


def _open(path: Path) -> BinaryIO:
    opener = _COMPRESSED.get(path.suffix)
    return cast(BinaryIO, opener(path, "rb")) if opener else path.open("rb")


def _check_encoding(path: Path, name: str) -> None:
    with _open(path) as file:
        start = file.read(4)
    for mark, encoding in _OTHER_ENCODINGS.items():
        if start.startswith(mark):
            raise DataError(f"{name} is {encoding}, not UTF-8; convert it, as in `iconv -f {encoding} -t UTF-8`")


def _check_column(header: list[str], column: str, key: str, name: str) -> None:
    if header.count(column) > 1:
        raise DataError(f"{name}:1: column {column!r} ({key}) stands {header.count(column)} times; rename all but one")
    if column not in header:
        raise DataError(
            f"{name}:1: there is no column {column!r} ({key}); the header has {_listed(header)}; "
            f"set {key} to one of them, or data.delimiter if they are not divided rightly"
        )


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(repr(column) for column in columns)
