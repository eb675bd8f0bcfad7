"""Reads Quora's insincere questions (Kaggle, 2018): train.csv with the columns qid, question_text and target."""

from __future__ import annotations

from collections.abc import Iterator

from components.example_gen import storage
from components.example_gen.formats import delimited
from components.example_gen.formats.columns import Columns
from components.example_gen.formats.compression import inner_name
from components.example_gen.formats.file import InputFile
from components.example_gen.rows import BadRow, Row
from components.example_gen.settings import DataSettings
from components.example_gen.sources import places
from components.example_gen.sources.source_file import SourceFile

LABELS = ("0", "1")  # sincere, insincere
FILE = "train.csv"
COLUMNS = Columns("question_text", label="target")


def list_files(data: DataSettings) -> list[SourceFile]:
    """The one file with labels: `data.path`, or train.csv in it, plain or compressed.

    Raises:
        ConfigError: `data.path` is missing.
        DataError: the file is not there.
    """
    path = places.required_path(data)
    found = path if storage.is_file(path) else places.find_in(path, [FILE])
    if found is None:
        raise places.nowhere(data, f"{FILE} ({FILE}.zip, {FILE}.gz)")
    return [SourceFile(found, found)]


def check(files: list[SourceFile]) -> None:
    """Raises DataError unless the file can be read and has the columns."""
    for file in files:
        delimited.check(_input(file), COLUMNS)


def read(file: SourceFile) -> Iterator[Row | BadRow]:
    """The questions, labelled 0 (sincere) and 1 (insincere)."""
    return delimited.read(_input(file), COLUMNS)


def _input(file: SourceFile) -> InputFile:
    member = None if inner_name(file.path) == FILE else FILE  # the competition's whole archive has it among others
    return InputFile(file.path, file.name, member=member)
