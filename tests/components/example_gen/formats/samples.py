"""Writes rows in every format, as a user's own tools would, and reads them as the pipeline does."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from components.example_gen.formats import formats
from components.example_gen.formats.columns import Columns
from components.example_gen.formats.file import InputFile
from tests.components.example_gen import corpus

COLUMNS = Columns("text", label="label")
Pairs = Sequence[tuple[str, str]]


def read_bytes(folder: Path, content: bytes, name: str, columns: Columns = COLUMNS) -> list[Any]:
    """The rows and bad rows of bytes as a file of this name, after the check."""
    path = folder / name
    path.write_bytes(content)
    chosen = formats.format_of(name)
    file = InputFile(str(path), name, formats.delimiter_of(chosen, None))
    module = formats.module(chosen)
    module.check(file, columns)
    return list(module.read(file, columns))


def write_csv(rows: Pairs) -> bytes:
    lines = ('","'.join(value.replace('"', '""') for value in row) for row in [("text", "label"), *rows])
    return "".join(f'"{line}"\n' for line in lines).encode("utf-8", "surrogateescape")


def write_json_lines(rows: Pairs) -> bytes:
    lines = (json.dumps({"text": text, "label": label}, ensure_ascii=len(text) % 2 == 0) for text, label in rows)
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def write_parquet(rows: Pairs) -> bytes:
    written = io.BytesIO()
    columns = {"text": [text for text, _ in rows], "label": [label for _, label in rows]}
    pq.write_table(pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}), written)
    return written.getvalue()


def write_tfrecord(rows: Pairs) -> bytes:
    return corpus.tfrecord([corpus.example(text.encode(), label.encode()) for text, label in rows])


WRITERS: dict[str, Callable[[Pairs], bytes]] = {
    "a.csv": write_csv,
    "a.jsonl": write_json_lines,
    "a.parquet": write_parquet,
    "a.tfrecord": write_tfrecord,
}
