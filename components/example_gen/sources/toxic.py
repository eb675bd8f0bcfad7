"""Reads Jigsaw's toxic comments (Kaggle, 2018): train.csv, and test.csv with the labels that came out later.

train.csv has id, comment_text and six columns of flags; test.csv has id and comment_text, test_labels.csv id and the
six, each -1 where the competition did not score the comment: such a comment has no label. The two are joined by id,
which makes the official test split.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.errors import DataError
from components.example_gen import storage
from components.example_gen.formats import delimited
from components.example_gen.formats.columns import Columns
from components.example_gen.formats.file import InputFile
from components.example_gen.rows import BAD_RECORD, DAMAGED, UNKNOWN_LABEL, BadRow, Row, bad_row
from components.example_gen.settings import DataSettings
from components.example_gen.sources import places
from components.example_gen.sources.source_file import SourceFile
from components.features import TEST, TRAIN

LABELS = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
TRAIN_FILE = "train.csv"
TEST_FILE = "test.csv"
TEST_LABELS_FILE = "test_labels.csv"

_ID = "id"
_TEXT = "comment_text"
_COLUMNS = Columns(_TEXT, label=LABELS, names=LABELS, holds_many=True)
_FLAGS = {"0": 0, "1": 1}
_UNSCORED = 1 << len(LABELS)  # beside the labels' bits


def list_files(data: DataSettings) -> list[SourceFile]:
    """train.csv and, where `data.path` is a folder that has them, test.csv and test_labels.csv, plain or compressed.

    A path that is a file is train.csv alone, and nothing is an official split.

    Raises:
        ConfigError: `data.path` is missing.
        DataError: train.csv is not there, or only one of the test files is.
    """
    path = places.required_path(data)
    if storage.is_file(path):
        return [SourceFile(path, path)]
    train, test, labels = (places.find_in(path, [name]) for name in (TRAIN_FILE, TEST_FILE, TEST_LABELS_FILE))
    if train is None:
        raise places.nowhere(data, f"{TRAIN_FILE} ({TRAIN_FILE}.zip)")
    if test is None and labels is None:
        return [SourceFile(train, train)]
    if test is None or labels is None:
        there, missing = (TEST_FILE, TEST_LABELS_FILE) if test else (TEST_LABELS_FILE, TEST_FILE)
        raise DataError(
            f"data.path {data.path!r} has {there}, but not {missing}, and one is nothing without the other; "
            f"{places.FETCH}, or take {there} away"
        )
    official = [SourceFile(path, path, official=TEST) for path in (test, labels)]
    return [SourceFile(train, train, official=TRAIN), *official]


def check(files: list[SourceFile]) -> None:
    """Raises DataError unless every file can be read and has the columns."""
    train, *test = files
    delimited.check(_input(train), _COLUMNS)
    if test:
        texts, labels = test
        delimited.check(_input(texts), Columns(_TEXT, _ID))
        delimited.check(_input(labels), Columns(_ID, label=LABELS))


def read(data: DataSettings, file: SourceFile) -> Iterator[Row | BadRow]:
    """The comments of a file; label: the names of the flags that are 1, or None for a comment that was not scored.

    Those of test.csv come with the labels of test_labels.csv, which has no rows by itself: what is wrong in either is
    told with test.csv.
    """
    if file.official != TEST:
        return delimited.read(_input(file), _COLUMNS)
    [texts, labels] = [other for other in list_files(data) if other.official == TEST]
    return _read_test(texts, labels) if file.path == texts.path else iter(())


def _read_test(texts: SourceFile, labels: SourceFile) -> Iterator[Row | BadRow]:
    """Only the labels are kept in memory: an int for each id, the line above the bits of the labels."""
    packed: dict[str, int] = {}
    yield from _read_labels(labels, packed)
    is_whole = True
    for record, values in delimited.read_columns(_input(texts), (_ID, _TEXT)):
        if isinstance(record, BadRow):
            is_whole = is_whole and record.reason != DAMAGED
            yield record
        elif (bits := packed.pop(values[0], None)) is not None:
            yield Row(texts.name, record.line, values[1], _unpacked(bits), None, texts.official)
        else:
            detail = f"its id {values[0][:40]!r} has no (other) labels in {labels.name}"
            yield bad_row(texts.name, record.line, UNKNOWN_LABEL, detail, values[1])
    if is_whole:  # else the comments of many labels are among what was lost
        for identity, bits in packed.items():
            detail = f"its id {identity[:40]!r} has no comment in {texts.name}"
            yield bad_row(labels.name, bits >> len(LABELS) + 1, BAD_RECORD, detail, "")


def _read_labels(labels: SourceFile, packed: dict[str, int]) -> Iterator[BadRow]:
    """Fills `packed` with what can be used, and gives what cannot."""
    for record, values in delimited.read_columns(_input(labels), (_ID, *LABELS)):
        if isinstance(record, BadRow):
            yield record
            continue
        identity, *flags = values
        bits = _packed(flags)
        if bits is None:
            detail = f"its flags are {', '.join(flag[:10] for flag in flags)}; 0 and 1, or -1 alone, were expected"
            yield bad_row(labels.name, record.line, UNKNOWN_LABEL, detail, identity)
        elif identity in packed:
            yield bad_row(labels.name, record.line, BAD_RECORD, f"id {identity[:40]!r} has labels already", identity)
        else:
            packed[identity] = record.line << len(LABELS) + 1 | bits


def _packed(flags: Sequence[str]) -> int | None:
    if all(flag.strip() == "-1" for flag in flags):
        return _UNSCORED
    values = [_FLAGS.get(flag.strip()) for flag in flags]
    if None in values:
        return None
    return sum(value << place for place, value in enumerate(values) if value)


def _unpacked(bits: int) -> tuple[str, ...] | None:
    if bits & _UNSCORED:
        return None
    return tuple(name for place, name in enumerate(LABELS) if bits >> place & 1)


def _input(file: SourceFile) -> InputFile:
    return InputFile(file.path, file.name, official=file.official)
