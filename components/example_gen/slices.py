"""What examples are told apart by beside their labels and lengths: where they came from, and the user's own columns."""

from __future__ import annotations

from collections.abc import Iterator

from components.example_gen.rows import Candidate
from components.example_gen.settings import FILES, DataSettings
from components.features import SOURCE

# A column with more of them holds numbers, dates or texts, by which nothing is measured.
MOST_VALUES = 50


def source_of(file: str, data: DataSettings) -> str:
    """The `source` of rows: of the user's files the name without its folder, else that of `data.source`."""
    return file.rpartition("/")[2] if data.source == FILES else data.source


def values_of(row: Candidate, data: DataSettings) -> Iterator[tuple[str, str]]:
    """The source and the values of the columns, each with the feature's name."""
    yield SOURCE, source_of(row.file, data)
    yield from zip(data.columns, row.columns, strict=True)
