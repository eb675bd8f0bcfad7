"""Reads JSON Lines: an object a line. What is not one costs its line alone."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any

from components.errors import DataError
from components.example_gen.formats.columns import Columns, RowError, check_columns, first_fit, listed, row_maker
from components.example_gen.formats.compression import DAMAGE
from components.example_gen.formats.file import InputFile
from components.example_gen.formats.text import MAX_LINE_CHARACTERS, check_encoding, is_too_long, open_text
from components.example_gen.rows import BAD_RECORD, DAMAGED, TOO_LONG, BadRow, Row, bad_row

_BLANK = " \t\r\n"  # JSON's white space (RFC 8259, section 2)
_LOOKED_AT = 100  # lines that the check looks for a sound one in, so that one bad line at the top stops nobody


def check(file: InputFile, columns: Columns) -> None:
    """Raises DataError unless the file can be opened, is UTF-8 and one of its first lines has the keys."""
    try:
        check_encoding(file)
        with open_text(file.path, file.member) as lines:
            line, keys = _first_keys(lines, file.name, columns)
    except DAMAGE as error:
        raise DataError(f"{file.name} cannot be read: {error}; fetch or unpack it again") from error
    check_columns(keys, columns, f"{file.name}:{line}")


def read(file: InputFile, columns: Columns) -> Iterator[Row | BadRow]:
    """A row for every line that is not blank. Ends with a BadRow of reason `damaged file` where the rest is lost."""
    make = row_maker(columns, file.name, file.official)
    required, others = columns.required, columns.others
    line = 1
    try:
        with open_text(file.path, file.member) as lines:
            for line, written in _written(lines):
                values = _values(written, required, others)
                if isinstance(values, RowError):
                    yield bad_row(file.name, line, values.reason, values.detail, written)
                else:
                    yield make(line, values)
    except DAMAGE as error:
        yield bad_row(file.name, line, DAMAGED, f"the file breaks off after this line: {error}", "")


def _values(written: str, required: tuple[str, ...], others: tuple[str, ...]) -> list[Any] | RowError:
    """The values of a line in the columns, or what is wrong with it; None for a further column that it lacks."""
    record = _parsed(written)
    if isinstance(record, RowError):
        return record
    try:
        values = [record[column] for column in required]
    except KeyError as error:
        return RowError(BAD_RECORD, f"there is no key {error}; there are {listed(record)}")
    values.extend(map(record.get, others))
    return values


def _written(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, numbered from 1."""
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip(_BLANK))


def _first_keys(lines: Iterable[str], name: str, columns: Columns) -> tuple[int, list[str]]:
    """The keys that the check goes by (see `first_fit`)."""
    problems: list[str] = []
    first = first_fit(_objects(itertools.islice(_written(lines), _LOOKED_AT), name, problems), columns)
    if first is not None:
        return first
    if not problems:
        raise DataError(f"{name} is empty; a JSON object a line was expected; give the file its rows, or take it out")
    raise DataError(f"{problems[0]}, nor is any line of the first {_LOOKED_AT}; set data.format to what the file is")


def _objects(
    written: Iterable[tuple[int, str]], name: str, problems: list[str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The lines that are objects; `problems` takes what is wrong with the others."""
    for line, text in written:
        record = _parsed(text)
        if isinstance(record, RowError):
            problems.append(f"{name}:{line}: {record.detail}")
        else:
            yield line, record


def _parsed(written: str) -> dict[str, Any] | RowError:
    try:
        return _parse(written)
    except RowError as error:
        return error


def _parse(written: str) -> dict[str, Any]:
    if is_too_long(written):
        raise RowError(TOO_LONG, f"the line has more than {MAX_LINE_CHARACTERS} characters")
    try:
        record = _DECODER.decode(written)
    except RecursionError as error:
        raise RowError(BAD_RECORD, "the line is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise RowError(BAD_RECORD, f"the line is no JSON: {error.msg} at character {error.pos + 1}") from error
    except ValueError as error:  # a number of thousands of digits
        raise RowError(BAD_RECORD, f"the line cannot be read: {error}") from error
    if not isinstance(record, dict):
        raise RowError(BAD_RECORD, "the line is no JSON object")
    return record


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in record if keys.count(key) > 1)
        raise RowError(BAD_RECORD, f"key {twice!r} stands more than once")
    return record


_DECODER = json.JSONDecoder(object_pairs_hook=_unique)
