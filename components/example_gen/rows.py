"""Rows on their way: as read, as fit to be an example, or as unfit with the reason."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from components.example_gen.normalise import id_of_normalised, normalise, without_breaks
from components.example_gen.settings import DataSettings, LabelSettings
from components.example_gen.splits import is_sampled, split_of
from components.features import TEST

INVALID_UTF8 = "invalid UTF-8"
NUL = "NUL character"
TOO_LONG = "over-long text"
EMPTY_TEXT = "empty text"
UNKNOWN_LABEL = "unknown label"
WRONG_COLUMNS = "wrong column count"
BAD_QUOTING = "bad quoting"
BAD_RECORD = "bad record"  # a line that is no JSON object, a tf.Example without the feature, and the like
CONFLICTING_LABELS = "conflicting labels"
UNREADABLE = "unreadable file"
DAMAGED = "damaged file"

# What a row is read for.
EXAMPLES = "examples"
PREVIOUS = "previous"  # compared with: the span before the newest one
SERVING = "serving"  # compared with: what users sent

_SHOWN_CHARACTERS = 200
_SHOWN_LABEL_CHARACTERS = 40
_SURROGATE_ESCAPE = range(0xDC80, 0xDD00)  # PEP 383: byte 0xE9 that is no UTF-8 is read as U+DCE9
_PAIR = "\0"  # stands in no text that is used


class Row(NamedTuple):
    """A row as its source has it. Bytes that are no UTF-8 stand as lone surrogates (Python's `surrogateescape`).

    `label` is a value of the data where a row has one label, the values that hold where it may have many, and None
    where the source says that the row was never labelled. `official` is the split that the source itself names, and
    `columns` the values of `data.columns`.
    """

    file: str
    line: int
    text: str
    label: str | tuple[str, ...] | None
    text_pair: str | None = None
    official: str | None = None
    columns: tuple[str, ...] = ()


class BadRow(NamedTuple):
    """A row that cannot be used: `reason` is one of a few, `detail` the sentence about this row."""

    file: str
    line: int
    reason: str
    detail: str
    text: str  # its beginning


class Candidate(NamedTuple):
    """A row that can be an example, unless it duplicates or contradicts another. Sorts by `id` first."""

    id: str
    text: str
    text_pair: str | None
    labels: tuple[str, ...]  # names in the order of `labels.names`, not the values of the data
    file: str
    line: int
    split: str
    is_official_test: bool
    words: int
    characters: int
    span: int | None
    role: str
    columns: tuple[str, ...] = ()  # the values of `data.columns`


class Passed(Enum):
    """Rows that are nobody's fault, and are not used."""

    NOT_SAMPLED = "not sampled"
    UNLABELLED = "unlabelled"


def bad_row(file: str, line: int, reason: str, detail: str, text: str) -> BadRow:
    """A BadRow holding the beginning of the text."""
    return BadRow(file, line, reason, detail, text[:_SHOWN_CHARACTERS])


def examine(
    row: Row, data: DataSettings, labels: LabelSettings, span: int | None = None, role: str = EXAMPLES
) -> Candidate | BadRow | Passed:
    """What becomes of a row, as far as it can be told from the row alone.

    Args:
        row: the row.
        data: the settings that it is judged by.
        labels: the labels that there are.
        span: number of the span that it came with, None without spans.
        role: what it is read for. Users' texts need no label.
    """
    if problem := _problem(row, data.max_characters) or _column_problem(row, data):
        return _reject(row, *problem)
    normalised = _normal_form(row)
    if not normalised:
        return _reject(row, EMPTY_TEXT, f"the {_empty(row)} is empty")
    held: tuple[str, ...] | None = ()
    if role != SERVING:
        if row.label is None:
            return Passed.UNLABELLED
        held = _names_held(row.label, labels)
        if held is None:
            return _reject(row, UNKNOWN_LABEL, _unknown_label(row.label, labels))
    text_id = id_of_normalised(normalised)
    if role == EXAMPLES and not data.sample.stratify and not is_sampled(text_id, data.sample.fraction):
        return Passed.NOT_SAMPLED
    return _candidate(row, text_id, held, data, span, role)


def _candidate(
    row: Row, text_id: str, held: tuple[str, ...], data: DataSettings, span: int | None, role: str
) -> Candidate:
    texts = (row.text,) if row.text_pair is None else (row.text, row.text_pair)
    return Candidate(
        id=text_id,
        text=row.text,
        text_pair=row.text_pair,
        labels=held,
        file=row.file,
        line=row.line,
        split=split_of(text_id, data.splits, row.official),
        is_official_test=row.official == TEST,
        words=sum(len(without_breaks(text).split()) for text in texts),
        characters=sum(map(len, texts)),
        span=span,
        role=role,
        columns=row.columns,
    )


def _normal_form(row: Row) -> str:
    """What the row's identity is taken of; empty where one of its texts is."""
    first = normalise(row.text)
    if row.text_pair is None:
        return first
    second = normalise(row.text_pair)
    return f"{first}{_PAIR}{second}" if first and second else ""


def _empty(row: Row) -> str:
    return "second text" if normalise(row.text) else "text"


def _names_held(raw: str | tuple[str, ...], labels: LabelSettings) -> tuple[str, ...] | None:
    """The names that the row holds, in the order of `labels.names`; None where a value is unknown."""
    names = {labels.name_of(value) for value in ((raw,) if isinstance(raw, str) else raw)}
    if None in names or (not labels.holds_many and len(names) != 1):
        return None
    return tuple(name for name in labels.names if name in names)


def _reject(row: Row, reason: str, detail: str) -> BadRow:
    return bad_row(row.file, row.line, reason, detail, row.text)


def _problem(row: Row, max_characters: int) -> tuple[str, str] | None:
    label = row.label if isinstance(row.label, str) else "".join(row.label or ())
    texts = {"text": row.text} | ({} if row.text_pair is None else {"second text": row.text_pair})
    for name, value in (texts | {"label": label}).items():
        if problem := _encoding_problem(f"the {name}", value):
            return problem
    lengths = (_length_problem(name, text, max_characters) for name, text in texts.items())
    return next((problem for problem in lengths if problem), None)


def _column_problem(row: Row, data: DataSettings) -> tuple[str, str] | None:
    if not row.columns:
        return None
    named = zip(data.columns, row.columns, strict=True)
    problems = (_encoding_problem(f"column {name!r}", value) for name, value in named)
    return next((problem for problem in problems if problem), None)


def _encoding_problem(name: str, value: str) -> tuple[str, str] | None:
    if "\0" in value:
        return NUL, f"{name} holds a NUL character at character {value.index(chr(0)) + 1}"
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return INVALID_UTF8, f"{_undecodable(ord(value[error.start]))} at character {error.start + 1} of {name}"
    return None


def _undecodable(code: int) -> str:
    if code in _SURROGATE_ESCAPE:
        return f"byte 0x{code - 0xDC00:02X}, which is not UTF-8,"
    return f"half of a surrogate pair, \\u{code:04x},"


def _length_problem(name: str, text: str, max_characters: int) -> tuple[str, str] | None:
    if len(text) <= max_characters:
        return None
    return TOO_LONG, f"the {name} has {len(text)} characters, more than data.max_characters {max_characters}"


def _unknown_label(raw: str | tuple[str, ...], labels: LabelSettings) -> str:
    values = [value.strip() for value in ((raw,) if isinstance(raw, str) else raw)]
    unknown = [value for value in values if labels.name_of(value) is None]
    if not unknown:
        return f"there are {len(values)} labels, but labels.kind {labels.kind} has one a row"
    if not unknown[0]:
        return "the label is empty"
    shown = unknown[0] if len(unknown[0]) <= _SHOWN_LABEL_CHARACTERS else f"{unknown[0][:_SHOWN_LABEL_CHARACTERS]}…"
    return f"label {shown!r} is none of {', '.join(labels.accepted)} (labels.names, labels.aliases)"
