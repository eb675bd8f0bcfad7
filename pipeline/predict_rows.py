"""Rows of text on their way through `bertline predict`: read from a file as it is, written with what was predicted."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple, Protocol

from components.errors import DataError
from components.example_gen.formats.delimited import records
from serving.client import Prediction

CSV, JSON_LINES, TEXT = "csv", "jsonl", "text"
OPTIONS = ("--column", "--pair-column")  # which name the columns of the texts
ADDED = ("scores", "predicted")
_LONGEST_LINE = 16 << 20  # bytes; far beyond what a request may hold
_BYTE_ORDER_MARK = "\ufeff"
_LINE_END = "\r\n"  # the csv module of Python 3.10 quotes a lone CR or LF only if it is in this
_NUL_STAND_IN = "\udc00"  # in no text that was read from UTF-8; the csv module of Python 3.10 refuses NUL itself


class Row(NamedTuple):
    """A row of the input.

    Attributes:
        line: the line that it begins on.
        text: what is classified.
        values: of the input's columns; of JSON Lines, the line itself.
        end: bytes of the input up to its end.
        pair: the second text, where the model takes pairs.
    """

    line: int
    text: str
    values: list[str]
    end: int
    pair: str | None = None


class Lines:
    """The lines of a file, line ends included, read one by one.

    Attributes:
        name: what the file is called in messages.
        number: of the line read last.
        end: bytes up to its end.

    Raises:
        DataError: while reading, for a line that is not UTF-8 or endless.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self.name = name
        self.number = 0
        self.end = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline(_LONGEST_LINE):
            self.number += 1
            self.end += len(line)
            yield self._decoded(line)

    def _decoded(self, line: bytes) -> str:
        if len(line) == _LONGEST_LINE:
            raise self.error(self.number, f"the line is longer than {_LONGEST_LINE} bytes", "check that this is text")
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            problem = f"byte 0x{line[error.start]:02X} is not UTF-8"
            raise self.error(self.number, problem, "convert the file with iconv -t UTF-8") from error
        return text.removeprefix(_BYTE_ORDER_MARK) if self.number == 1 else text

    def error(self, line: int, problem: str, remedy: str) -> DataError:
        """The error for a row that cannot be used."""
        return DataError(f"{self.name}:{line}: {problem}; {remedy}")


class Reader(NamedTuple):
    """The rows of a file of some form, and its columns; None for JSON Lines, where each row has its own."""

    form: str
    columns: list[str] | None
    rows: Iterator[Row]


def read(lines: Lines, form: str, columns: Sequence[str], delimiter: str) -> Reader:
    """Opens a file's rows; raises DataError for a header, and while reading for a row, that cannot be used.

    Args:
        lines: of the file.
        form: its form.
        columns: the column of the text, and that of the second text where there are pairs.
        delimiter: of a CSV's columns.
    """
    if form == CSV:
        return _read_csv(lines, columns, delimiter)
    if form == JSON_LINES:
        return Reader(JSON_LINES, None, (_json_row(lines, line, columns) for line in lines if line.strip()))
    return Reader(TEXT, ["text"], (_plain_row(lines, line) for line in lines))


def given(texts: Sequence[str], pairs: Sequence[str] = ()) -> Reader:
    """The texts of the command line as rows, with as many second texts if there are any."""
    if not pairs:
        return Reader(TEXT, ["text"], (Row(number, text, [text], 0) for number, text in enumerate(texts, 1)))
    both = enumerate(zip(texts, pairs, strict=True), 1)
    return Reader(TEXT, ["text", "text_pair"], (Row(number, row[0], list(row), 0, row[1]) for number, row in both))


def _plain_row(lines: Lines, line: str) -> Row:
    text = line.removesuffix("\n").removesuffix("\r")
    return Row(lines.number, text, [text], lines.end)


def _json_row(lines: Lines, line: str, keys: Sequence[str]) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise lines.error(lines.number, f"no JSON: {error}", "mend the line, or name the --format") from error
    for key, option in zip(keys, OPTIONS, strict=False):
        problem = _json_problem(row, key)
        if problem:
            raise lines.error(lines.number, problem, f"mend the line, or name the text's key with {option}")
    return Row(lines.number, row[keys[0]], [line.strip()], lines.end, row[keys[1]] if len(keys) > 1 else None)


def _json_problem(row: Any, key: str) -> str | None:
    if not isinstance(row, dict):
        return "no JSON object"
    if not isinstance(row.get(key), str):
        return f"no text under the key {key!r}; the keys are {_listed(row)}"
    if clash := _clash(row):
        return f"there is a {clash!r} already"
    if any("\ud800" <= character <= "\udfff" for character in row[key]):
        return f"the text under {key!r} holds half a surrogate pair, which is no Unicode"
    return None


def _read_csv(lines: Lines, columns: Sequence[str], delimiter: str) -> Reader:
    found = records(lines, delimiter)
    header = next(found, None)
    if header is None or header.problem:
        problem = header.problem if header else "there is no header"
        raise lines.error(1, str(problem), "mend the file")
    for column, option in zip(columns, OPTIONS, strict=False):
        _check_header(lines, header.fields, column, option)
    places = [header.fields.index(column) for column in columns]
    return Reader(CSV, header.fields, (_csv_row(lines, record, len(header.fields), places) for record in found))


def _check_header(lines: Lines, header: list[str], column: str, option: str) -> None:
    if header.count(column) != 1:
        number = "no column" if column not in header else "more than one column"
        remedy = f"name the text's with {option}, or the --delimiter"
        raise lines.error(1, f"there is {number} {column!r}; the header has {_listed(header)}", remedy)
    if clash := _clash(header):
        raise lines.error(1, f"there is a column {clash!r} already", "rename it")


def _csv_row(lines: Lines, record: Any, columns: int, places: Sequence[int]) -> Row:
    problem = record.problem
    if not problem and len(record.fields) != columns:
        problem = f"{len(record.fields)} column(s) where the header has {columns}"
    if problem:
        raise lines.error(record.line, problem, "mend the line")
    text, *pair = (record.fields[place] for place in places)
    return Row(record.line, text, record.fields, lines.end, pair[0] if pair else None)


def _clash(names: Iterable[str]) -> str | None:
    return next((name for name in ADDED if name in names), None)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names)) or "none"


class Writer(Protocol):
    """Makes the output's lines."""

    def head(self) -> str:
        """What the output begins with."""
        ...

    def row(self, row: Row, prediction: Prediction) -> str:
        """A row with what was predicted."""
        ...


class JsonLinesWriter:
    """JSON Lines: a row's columns, then `scores` and `predicted`. A JSON row is kept to the letter."""

    def __init__(self, columns: list[str] | None) -> None:
        self._columns = columns

    def head(self) -> str:
        """JSON Lines have no header."""
        return ""

    def row(self, row: Row, prediction: Prediction) -> str:
        """A line."""
        added = _json({"scores": shortened(prediction), "predicted": prediction.predicted})
        if self._columns is None:
            [line] = row.values
            return f"{line[:-1].rstrip()}, {added[1:]}\n"
        return f"{_json(dict(zip(self._columns, row.values, strict=True)))[:-1]}, {added[1:]}\n"


class CsvWriter:
    """CSV: a row's columns, then `scores` and `predicted`; several of one row are divided by a blank."""

    def __init__(self, columns: list[str], delimiter: str) -> None:
        self._columns = columns
        self._buffer = io.StringIO(newline="")
        self._writer = csv.writer(self._buffer, delimiter=delimiter, lineterminator=_LINE_END)

    def head(self) -> str:
        """The header."""
        return self._line([*self._columns, *ADDED])

    def row(self, row: Row, prediction: Prediction) -> str:
        """A line, or more of them for a text of more."""
        scores = " ".join(map(str, shortened(prediction)))
        return self._line([*row.values, scores, shown_label(prediction)])

    def _line(self, values: Sequence[str]) -> str:
        self._writer.writerow(value.replace("\0", _NUL_STAND_IN) for value in values)
        line = self._buffer.getvalue().replace(_NUL_STAND_IN, "\0")
        self._buffer.seek(0)
        self._buffer.truncate()
        return line.removesuffix(_LINE_END) + "\n"


def shortened(prediction: Prediction) -> list[float]:
    """The scores in at most nine digits, which tell every float32 from every other."""
    return [float(f"{score:.9g}") for score in prediction.scores]


def shown_label(prediction: Prediction) -> str:
    """What was predicted, in a word, or true or false for each label."""
    if isinstance(prediction.predicted, str):
        return prediction.predicted
    return " ".join(str(holds).lower() for holds in prediction.predicted)


def is_usable(prediction: Prediction) -> bool:
    """Whether every score is a number."""
    return all(map(math.isfinite, prediction.scores))


_json: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False).encode
