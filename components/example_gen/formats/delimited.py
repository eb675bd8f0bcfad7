"""Reads delimited text with a header, so that no line of it is lost or altered unseen.

Encoding is UTF-8 with or without byte order mark. Quoting is RFC 4180's, taken strictly: whatever the csv module would
have to guess is a bad row instead.
"""

from __future__ import annotations

import collections
import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

from components.errors import ConfigError, DataError
from components.example_gen.formats.columns import Columns, check_columns, listed, row_maker
from components.example_gen.formats.compression import DAMAGE
from components.example_gen.formats.file import InputFile
from components.example_gen.formats.text import MAX_LINE_CHARACTERS, check_encoding, is_too_long, open_text
from components.example_gen.rows import (
    BAD_QUOTING,
    BAD_RECORD,
    DAMAGED,
    TOO_LONG,
    WRONG_COLUMNS,
    BadRow,
    Row,
    bad_row,
)

_QUOTE = '"'
_BYTE_ORDER_MARK = "\ufeff"
_NUL_STAND_IN = "\udc00"  # stands for no byte in PEP 383; the csv module of Python 3.10 refuses NUL itself
_MAX_RECORD_CHARACTERS = MAX_LINE_CHARACTERS  # a row beyond this is an unclosed quote, not a text
_MAX_RECORD_LINES = 1 << 20
# What is read again of a file may be so many times what is done with, and a little more in a small one: else each line
# whose quote does not close would cost the reading of all lines after it.
_REREAD_TIMES = 4
_REREAD_FREE = 256 << 20
_LINE_COST = 64  # a line takes as long as so many characters of it


class Record(NamedTuple):
    """A row of the file: the line it begins on, its fields, or what is wrong with its raw line, and the reason."""

    line: int
    fields: list[str]
    problem: str | None = None
    raw: str = ""
    reason: str = BAD_QUOTING


class UnclosedQuotesError(DataError):
    """Where the rows of the rest of the file begin and end cannot be told."""


def check(file: InputFile, columns: Columns) -> None:
    """Looks at the header.

    Raises:
        ConfigError: a row's labels stand in one text, and what divides them is not said.
        DataError: the file cannot be opened, is no UTF-8, or its header lacks a column or has it twice.
    """
    if columns.holds_many and isinstance(columns.label, str) and columns.label_delimiter is None:
        raise ConfigError(
            f"data.label_delimiter is missing: column {columns.label!r} (data.label) of {file.name} holds all labels "
            "of a row in one text; set it, or make data.label a list of columns, a flag each"
        )
    try:
        check_encoding(file)
        with open_text(file.path, file.member) as lines:
            header = next(records(lines, file.delimiter), None)
    except DAMAGE as error:
        raise DataError(f"{file.name} cannot be read: {error}; fetch or unpack it again") from error
    except UnclosedQuotesError as error:
        raise DataError(f"{file.name}: {error}") from error
    if header is None:
        raise DataError(
            f"{file.name} is empty; a header with the columns {listed(columns.wanted)} was expected; give the file "
            "its rows, or take it out of data.path"
        )
    if header.problem:
        raise DataError(f"{file.name}:{header.line}: the header cannot be read: {header.problem}; mend the line")
    _check_header_text(header.fields, file.name)
    remedy = ", or data.delimiter if they are not divided rightly"
    check_columns(header.fields, columns, f"{file.name}:{header.line}", remedy)


def _check_header_text(fields: list[str], name: str) -> None:
    try:
        "".join(fields).encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"{name}:1: the header is not UTF-8 text; unpack the file if it is an archive, "
            "or convert it with iconv -t UTF-8"
        ) from error


def read(file: InputFile, columns: Columns) -> Iterator[Row | BadRow]:
    """Every row of a file that passed `check`; `line` is the first line of the row. Empty lines are no rows.

    Ends with a BadRow of reason `damaged file` where the rest cannot be decompressed.
    """
    make = row_maker(columns, file.name, file.official)
    for record, values in read_columns(file, columns.wanted):
        yield record if isinstance(record, BadRow) else make(record.line, values)


def read_columns(file: InputFile, wanted: Sequence[str]) -> Iterator[tuple[Record | BadRow, Sequence[str]]]:
    """The records of a file with their values in the columns wanted; a BadRow and no values for a bad one."""
    line = 1
    try:
        with open_text(file.path, file.member) as lines:
            found = records(lines, file.delimiter)
            header = next(found).fields
            pick = _picker([header.index(column) for column in wanted])
            width, last = len(header), header[-1]
            for record in found:
                line, fields = record.line, record.fields
                if record.problem or len(fields) != width or fields[-1].endswith(last):
                    bad = find_problem(record, file.name, header)
                    if bad:
                        yield bad, ()
                        continue
                yield record, pick(fields)
    except DAMAGE as error:
        yield bad_row(file.name, line, DAMAGED, f"the file breaks off after this line: {error}", ""), ()
    except UnclosedQuotesError as error:
        yield bad_row(file.name, line, DAMAGED, f"nothing is read after this line: {error}", ""), ()


def find_problem(record: Record, name: str, header: list[str]) -> BadRow | None:
    """The BadRow of a record whose quoting or number of columns is wrong, or which is the header once more."""
    if record.problem:
        return bad_row(name, record.line, record.reason, record.problem, record.raw)
    if len(record.fields) != len(header):
        detail = f"{len(record.fields)} column(s) where the header has {len(header)}"
        return bad_row(name, record.line, WRONG_COLUMNS, detail, " | ".join(record.fields))
    if [record.fields[0].removeprefix(_BYTE_ORDER_MARK), *record.fields[1:]] == header:
        detail = "the header stands here again, as where files were joined; take the line out"
        return bad_row(name, record.line, BAD_RECORD, detail, " | ".join(record.fields))
    return None


def records(lines: Iterable[str], delimiter: str) -> Iterator[Record]:
    """The records of lines, header included.

    A quote that does not close would swallow every row up to the next quote. It costs one row here: the lines after
    the one that it stands on are read again, and the end of its text, should it come, is refused as well.

    Raises:
        UnclosedQuotesError: so many do not close that too much would be read again.
    """
    # The limit belongs to the process; it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_RECORD_CHARACTERS))
    feed = _LineFeed(lines)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.begin_record()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _refused(feed.line, feed.refuse(), error)
            continue
        if feed.is_quote_lost and feed.ends_lost_quote():
            yield Record(feed.line, [], "it ends a text whose beginning could not be read", feed.raw)
        elif fields:
            yield Record(feed.line, feed.with_nul(fields))


def _refused(line: int, raw: str, error: csv.Error) -> Record:
    if is_too_long(raw):
        return Record(line, [], f"the line has more than {MAX_LINE_CHARACTERS} characters", raw, TOO_LONG)
    return Record(line, [], f"a quote does not close, or stands within quotes ({error})", raw)


class _LineFeed:
    """Lines for csv.reader, remembering those of the record at hand, so that they can be read again."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.line = 1
        self.is_quote_lost = False
        self._lines = iter(lines)
        self._taken: list[str] = []
        self._returned: collections.deque[str] = collections.deque()
        self._characters = 0  # of the lines taken
        self._holds_nul = False
        self._allowance = _REREAD_FREE

    def __iter__(self) -> _LineFeed:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._lines)
        self._taken.append(line)
        self._characters += len(line)
        if self._characters > _MAX_RECORD_CHARACTERS or len(self._taken) > _MAX_RECORD_LINES:
            raise csv.Error("the row goes on beyond every text")
        if "\0" not in line:
            return line
        self._holds_nul = True
        return line.replace("\0", _NUL_STAND_IN)

    @property
    def raw(self) -> str:
        return "".join(self._taken)

    def begin_record(self) -> None:
        self.line += len(self._taken)
        self._allowance += _REREAD_TIMES * self._cost()
        self._taken = []
        self._characters = 0
        self._holds_nul = False

    def with_nul(self, fields: list[str]) -> list[str]:
        """The record's fields with NUL itself where it stood."""
        return [field.replace(_NUL_STAND_IN, "\0") for field in fields] if self._holds_nul else fields

    def refuse(self) -> str:
        """Gives the record up: its first line is returned, and the others will be read again."""
        self._allowance -= self._cost()
        if self._allowance < 0:
            raise UnclosedQuotesError(
                "too many quotes do not close; write each quote within a text twice, and the text in quotes"
            )
        first, *rest = self._taken
        self._returned.extendleft(reversed(rest))
        self._taken, self._characters = [first], len(first)
        self.is_quote_lost = self._has_odd_quotes()
        return first

    def ends_lost_quote(self) -> bool:
        """Whether the record holds the end of a text whose beginning was refused: the next line with quotes tells."""
        if _QUOTE not in self.raw:
            return False
        self.is_quote_lost = False
        return self._has_odd_quotes()

    def _cost(self) -> int:
        return self._characters + _LINE_COST * len(self._taken)

    def _has_odd_quotes(self) -> bool:
        return self.raw.count(_QUOTE) % 2 == 1


def _picker(positions: list[int]) -> Callable[[list[str]], Sequence[str]]:
    """What takes the fields at the positions, in their order."""
    if len(positions) == 1:
        [position] = positions
        return lambda fields: (fields[position],)
    return itemgetter(*positions)
