"""Rows on their way: as read, as fit to be an example, or as unfit with the reason."""

from __future__ import annotations

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
CONFLICTING_LABELS = "conflicting labels"
UNREADABLE = "unreadable file"
DAMAGED = "damaged file"

_SHOWN_CHARACTERS = 200
_SHOWN_LABEL_CHARACTERS = 40
_SURROGATE_ESCAPE = 0xDC00  # PEP 383: byte 0xE9 that is no UTF-8 is read as U+DCE9


class Row(NamedTuple):
    """A row as its source has it. Bytes that are no UTF-8 stand as lone surrogates (Python's `surrogateescape`)."""

    file: str
    line: int
    text: str
    label: str
    official: str | None = None  # the split that the source itself names


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
    label: str  # a name, not the raw value
    file: str
    line: int
    split: str
    is_official_test: bool
    words: int


def bad_row(file: str, line: int, reason: str, detail: str, text: str) -> BadRow:
    """A BadRow holding the beginning of the text."""
    return BadRow(file, line, reason, detail, text[:_SHOWN_CHARACTERS])


def examine(row: Row, data: DataSettings, labels: LabelSettings) -> Candidate | BadRow | None:
    """What becomes of a row, as far as it can be told from the row alone; None where it is not sampled."""
    if problem := _encoding_problem(row) or _length_problem(row.text, data.max_characters):
        return _reject(row, *problem)
    normalised = normalise(row.text)
    if not normalised:
        return _reject(row, EMPTY_TEXT, "the text is empty")
    label = labels.name_of(row.label)
    if label is None:
        return _reject(row, UNKNOWN_LABEL, _unknown_label(row.label, labels))
    text_id = id_of_normalised(normalised)
    if not is_sampled(text_id, data.sample_fraction):
        return None
    return Candidate(
        id=text_id,
        text=row.text,
        label=label,
        file=row.file,
        line=row.line,
        split=split_of(text_id, data.splits, row.official),
        is_official_test=row.official == TEST,
        words=len(without_breaks(row.text).split()),
    )


def _reject(row: Row, reason: str, detail: str) -> BadRow:
    return bad_row(row.file, row.line, reason, detail, row.text)


def _encoding_problem(row: Row) -> tuple[str, str] | None:
    for name, value in (("text", row.text), ("label", row.label)):
        if "\0" in value:
            return NUL, f"the {name} holds a NUL character at character {value.index(chr(0)) + 1}"
        try:
            value.encode()
        except UnicodeEncodeError as error:
            byte = ord(value[error.start]) - _SURROGATE_ESCAPE
            return INVALID_UTF8, f"byte 0x{byte:02X} at character {error.start + 1} of the {name} is not UTF-8"
    return None


def _length_problem(text: str, max_characters: int) -> tuple[str, str] | None:
    if len(text) <= max_characters:
        return None
    return TOO_LONG, f"the text has {len(text)} characters, more than data.max_characters {max_characters}"


def _unknown_label(raw: str, labels: LabelSettings) -> str:
    value = raw.strip()
    if not value:
        return "the label is empty"
    shown = value if len(value) <= _SHOWN_LABEL_CHARACTERS else f"{value[:_SHOWN_LABEL_CHARACTERS]}…"
    return f"label {shown!r} is none of {', '.join(labels.accepted)} (labels.names, labels.aliases)"
