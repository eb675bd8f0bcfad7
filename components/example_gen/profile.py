"""Profiles: what is known of the texts of a span, or of users' requests, without the texts themselves.

Data is compared with what came before it and with what users send. Texts are not needed for that, and columns of
numbers are small: a profile is Parquet, a folder a part.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from tfx.dsl.io import fileio

from components.features import CHARACTERS, LABEL, TOKENS, UNKNOWN_RATE, WORDS

# The parts: rows of the newest span, of the one before it, and what users sent.
NEWEST = "newest"
PREVIOUS = "previous"
SERVING = "serving"
PARTS = (NEWEST, PREVIOUS, SERVING)

SCHEMA = pa.schema(
    [
        pa.field(LABEL, pa.list_(pa.string())),
        pa.field(WORDS, pa.int64()),
        pa.field(CHARACTERS, pa.int64()),
        pa.field(TOKENS, pa.int64()),
        pa.field(UNKNOWN_RATE, pa.float32()),
    ]
)
_SPANS_FILE = "spans.json"
_ROWS_A_FILE = 10_000


@dataclasses.dataclass(frozen=True)
class Profiles:
    """The parts that there are, by name, and the numbers of the spans that they are of (None without spans).

    `serving_expected` is whether users' texts were to be read: there may be none of them that can be used.
    """

    tables: dict[str, pa.Table]
    newest_span: int | None
    previous_span: int | None
    serving_expected: bool = False


class PartWriter:
    """Writes the rows of one part that one shard holds. Done again, it writes the same files."""

    def __init__(self, folder: str, part: str, shard: int) -> None:
        self._folder, self._shard, self._files = f"{folder}/{part}", shard, 0
        self._rows: list[tuple[Any, ...]] = []

    def add(self, labels: tuple[str, ...], words: int, characters: int, tokens: int, unknown_rate: float) -> None:
        """Takes a row."""
        self._rows.append((list(labels), words, characters, tokens, unknown_rate))
        if len(self._rows) == _ROWS_A_FILE:
            self.flush()

    def flush(self) -> None:
        """Writes what is not written yet."""
        if not self._rows:
            return
        columns = dict(zip(SCHEMA.names, zip(*self._rows, strict=True), strict=True))
        content = pa.BufferOutputStream()  # which Arrow takes for a file, unlike TFX's
        pq.write_table(pa.table(columns, schema=SCHEMA), content)
        fileio.makedirs(self._folder)
        with fileio.open(f"{self._folder}/{self._shard:05d}-{self._files:05d}.parquet", "wb") as file:
            file.write(content.getvalue().to_pybytes())
        self._files += 1
        self._rows.clear()


def write_spans(folder: str, newest: int | None, previous: int | None, serving: bool = False) -> None:
    """Notes which spans the parts are of, and whether users' texts were to be read."""
    fileio.makedirs(folder)
    with fileio.open(f"{folder}/{_SPANS_FILE}", "w") as file:
        file.write(json.dumps({NEWEST: newest, PREVIOUS: previous, SERVING: serving}) + "\n")


def read_profiles(folder: str) -> Profiles:
    """The parts that were written, their rows in no particular order."""
    with fileio.open(f"{folder}/{_SPANS_FILE}") as file:
        spans = json.loads(file.read())
    tables = {part: _read_part(f"{folder}/{part}") for part in PARTS if fileio.exists(f"{folder}/{part}")}
    return Profiles(tables, spans[NEWEST], spans[PREVIOUS], spans[SERVING])


def _read_part(folder: str) -> pa.Table:
    tables = []
    for name in sorted(fileio.listdir(folder)):
        with fileio.open(f"{folder}/{name}", "rb") as file:
            tables.append(pq.read_table(pa.BufferReader(file.read())))
    return pa.concat_tables(tables)
