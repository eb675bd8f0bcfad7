"""From columns to rows: the one place that knows what the values of any format mean.

A text is text. A label is text, a whole number (its decimal digits) or a boolean (1 or 0, as in a column of flags).
Where a row may have many labels, they are a list of such values, one text that a delimiter divides, or a column of
flags for each label. A value of a further column is what a label may be, or missing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from components.errors import ConfigError, DataError
from components.example_gen.rows import BAD_RECORD, UNKNOWN_LABEL, BadRow, Row, bad_row
from components.features import NO_VALUE

_FLAGS = {"1": True, "true": True, "0": False, "false": False}
_SHOWN_CHARACTERS = 40
_SHOWN_NAMES = 20
_VALUE_CHARACTERS = 100  # of a further column: what is longer names no slice

MakeRow = Callable[[int, Sequence[Any]], "Row | BadRow"]  # of a line's number and its values, ordered as in `wanted`


class Columns(NamedTuple):
    """Which columns of a file hold what.

    Attributes:
        text: the text.
        text_pair: the second text of a pair.
        label: the label or labels; a column of flags for each of `names`; None for texts without labels.
        names: labels, in the order of the columns of flags.
        holds_many: whether a row may have any number of labels.
        label_delimiter: what divides the labels where they stand in one text.
        section: the section of the configuration that names the columns.
        others: further columns.
    """

    text: str
    text_pair: str | None = None
    label: str | tuple[str, ...] | None = None
    names: tuple[str, ...] = ()
    holds_many: bool = False
    label_delimiter: str | None = None
    section: str = "data"
    others: tuple[str, ...] = ()

    @property
    def keyed(self) -> list[tuple[str, str]]:
        """The columns to be read, each after the configuration's key that names it."""
        pair = [] if self.text_pair is None else [(f"{self.section}.text_pair", self.text_pair)]
        labels = (self.label,) if isinstance(self.label, str) else self.label or ()
        return [
            (f"{self.section}.text", self.text),
            *pair,
            *((f"{self.section}.label", label) for label in labels),
            *((f"{self.section}.columns", other) for other in self.others),
        ]

    @property
    def wanted(self) -> tuple[str, ...]:
        """The columns to be read: text, the second text, labels, further ones."""
        return tuple(column for _, column in self.keyed)

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that every row must have, in formats whose rows name what they hold."""
        return self.wanted[: len(self.wanted) - len(self.others)]

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns of texts."""
        return (self.text,) if self.text_pair is None else (self.text, self.text_pair)


class RowError(Exception):
    """A row's values are not what its columns must hold."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def check_settings(columns: Columns) -> None:
    """Raises ConfigError where the columns of the labels do not go with the labels."""
    if not isinstance(columns.label, tuple):
        return
    if not columns.holds_many:
        raise ConfigError("data.label is a list of columns, a flag each, which needs labels.kind multilabel; set it")
    if len(columns.label) != len(columns.names):
        raise ConfigError(
            f"data.label names {len(columns.label)} columns, but labels.names has {len(columns.names)} names "
            f"({listed(columns.names)}); give a column for each name, in the same order"
        )


def check_columns(present: Sequence[str], columns: Columns, where: str, remedy: str = "") -> None:
    """Raises DataError unless each column is there, and once.

    Args:
        present: the columns that the file has.
        columns: those that are wanted.
        where: the file, or file:line, for messages.
        remedy: what else may be set, beside the key.
    """
    for key, column in columns.keyed:
        if present.count(column) > 1:
            raise DataError(
                f"{where}: column {column!r} ({key}) stands {present.count(column)} times; rename all but one"
            )
        if column not in present:
            raise DataError(
                f"{where}: there is no column {column!r} ({key}); there are {listed(present)}; "
                f"set {key} to one of them{remedy}"
            )


def first_fit(rows: Iterable[tuple[int, Collection[str]]], columns: Columns) -> tuple[int, list[str]] | None:
    """What the check of a file goes by whose rows name what they hold: the line of a row, and the columns that it has.

    It is the first row with all columns wanted. Else, of the rows with the required ones, or of all where there is
    none, the first, as if it had what any row has of the further columns: a row may lack those. None without rows.
    """
    wanted, required = set(columns.wanted), set(columns.required)
    first: tuple[int, Collection[str]] | None = None
    seen: set[str] = set()
    for line, present in rows:
        if wanted <= set(present):
            return line, list(present)
        seen.update(wanted - required & set(present))
        if first is None or (required <= set(present) and not required <= set(first[1])):
            first = line, present
    return first and (first[0], [*first[1], *sorted(seen - set(first[1]))])


def listed(names: Iterable[str]) -> str:
    """The names, or the first of many, as a message shows them."""
    shown = [_shown(name) for name in itertools.islice(names, _SHOWN_NAMES + 1)]
    return ", ".join([*shown[:_SHOWN_NAMES], "…"] if len(shown) > _SHOWN_NAMES else shown) or "none"


def row_maker(columns: Columns, name: str, official: str | None) -> MakeRow:
    """What makes rows of values.

    Args:
        columns: what the values are.
        name: the file's.
        official: the split that all rows of the file belong to.
    """
    labels_at, others_at = len(columns.texts), len(columns.required)
    read_label = _label_reader(columns)
    others = columns.others
    has_pair = columns.text_pair is not None

    def make(line: int, values: Sequence[Any]) -> Row | BadRow:
        text = values[0]
        try:
            if text.__class__ is not str:
                raise _no_text(columns.text, text)
            pair = _text(columns.text_pair, values[1]) if has_pair else None
            label = read_label(values[labels_at:others_at])
            if not others:
                return Row(name, line, text, label, pair, official)
            return Row(name, line, text, label, pair, official, tuple(map(_other, others, values[others_at:])))
        except RowError as error:
            return bad_row(name, line, error.reason, error.detail, text if isinstance(text, str) else "")

    return make


def _text(column: str | None, value: Any) -> str:
    if isinstance(value, str):
        return value
    raise _no_text(column, value)


def _no_text(column: str | None, value: Any) -> RowError:
    return RowError(BAD_RECORD, f"column {column!r} holds {_shown(value)}, which is no text")


def _label_reader(columns: Columns) -> Callable[[Sequence[Any]], str | tuple[str, ...] | None]:
    """What reads the label out of the values that are left after the texts."""
    label = columns.label
    if label is None:
        return lambda values: None
    if isinstance(label, tuple):
        named = tuple(zip(label, columns.names, strict=True))
        return lambda values: tuple(_held(named, values))
    if columns.holds_many:
        return lambda values: _many(label, values[0], columns.label_delimiter)
    return lambda values: values[0] if values[0].__class__ is str else _one(label, values[0])


def _one(column: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int):  # a boolean too, which is 0 or 1
        return str(int(value))
    if value is None:
        raise RowError(UNKNOWN_LABEL, f"column {column!r} is null where a label was expected")
    raise RowError(BAD_RECORD, f"column {column!r} holds {_shown(value)}, which is no text, whole number or boolean")


def _other(column: str, value: Any) -> str:
    """A value of a further column: white space collapsed, and what is over-long cut."""
    written = "" if value is None else " ".join(_one(column, value).split())
    if len(written) > _VALUE_CHARACTERS:
        return f"{written[: _VALUE_CHARACTERS - 1]}…"
    return written or NO_VALUE


def _many(column: str, value: Any, delimiter: str | None) -> tuple[str, ...]:
    if isinstance(value, (list, tuple)):
        return tuple(_one(column, item) for item in value)
    if isinstance(value, str) and delimiter is not None:
        return tuple(part.strip() for part in value.split(delimiter)) if value.strip() else ()
    if value is None:
        raise RowError(UNKNOWN_LABEL, f"column {column!r} is null where a list of labels was expected")
    remedy = "; set data.label_delimiter" if isinstance(value, str) else ""
    raise RowError(BAD_RECORD, f"column {column!r} holds {_shown(value)} where a list of labels was expected{remedy}")


def _held(named: Iterable[tuple[str, str]], values: Sequence[Any]) -> Iterator[str]:
    for (column, name), value in zip(named, values, strict=True):
        if _flag(column, value):
            yield name


def _flag(column: str, value: Any) -> bool:
    flag = _FLAGS.get(value) if isinstance(value, str) else None
    if flag is None:
        written = str(int(value)) if isinstance(value, int) else str(value).strip().lower()
        flag = _FLAGS.get(written[:_SHOWN_CHARACTERS])
    if flag is None:
        raise RowError(UNKNOWN_LABEL, f"column {column!r} holds {_shown(value)}; 0, 1, true or false was expected")
    return flag


def _shown(value: Any) -> str:
    # A huge whole number cannot be written out (ValueError beyond 4300 digits).
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 256:
        return "a huge number"
    shown = repr(value[:_SHOWN_CHARACTERS] if isinstance(value, (str, bytes, list)) else value)
    return shown if len(shown) <= 2 * _SHOWN_CHARACTERS else f"{shown[: 2 * _SHOWN_CHARACTERS]}…"
