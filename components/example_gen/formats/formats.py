"""The formats by name. Modules are imported when a file needs them: pyarrow and TensorFlow take seconds."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Protocol, cast

from components.errors import ConfigError
from components.example_gen.formats.columns import Columns
from components.example_gen.formats.compression import inner_name
from components.example_gen.formats.file import InputFile
from components.example_gen.rows import BadRow, Row
from components.example_gen.settings import AUTO

CSV, TSV, JSON_LINES, PARQUET, TFRECORD = "csv", "tsv", "jsonl", "parquet", "tfrecord"
FORMATS = (CSV, TSV, JSON_LINES, PARQUET, TFRECORD)

_SUFFIXES = {
    ".csv": CSV,
    ".tsv": TSV,
    ".tab": TSV,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".parquet": PARQUET,
    ".pq": PARQUET,
    ".tfrecord": TFRECORD,
    ".tfrecords": TFRECORD,
}
_SHARD = re.compile(r"-[0-9]+-of-[0-9]+$")  # as Beam's and TFX's sinks name the parts of one file
_MODULES = {CSV: "delimited", TSV: "delimited", JSON_LINES: "jsonl", PARQUET: "parquet", TFRECORD: "tfrecord"}
_DELIMITERS = {TSV: "\t"}


class Format(Protocol):
    """What the module of a format does."""

    def check(self, file: InputFile, columns: Columns) -> None:
        """Raises DataError, or ConfigError, unless the file can be read and has the columns."""
        ...

    def read(self, file: InputFile, columns: Columns) -> Iterator[Row | BadRow]:
        """The rows of a file that passed the check. Raises nothing for what the file holds."""
        ...


def format_of(path: str, name: str = AUTO, delimiter: str | None = None, section: str = "data") -> str:
    """The format of a file: the one named, else what its name tells, else delimited text where a delimiter is given.

    Raises:
        ConfigError: the format is unknown, or cannot be told.
    """
    if name != AUTO:
        if name not in FORMATS:
            raise ConfigError(f"{section}.format {name!r} is unknown; use one of {', '.join((AUTO, *FORMATS))}")
        return name
    stem = _SHARD.sub("", inner_name(path)).lower()
    suffix = PurePosixPath(stem).suffix
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if stem.endswith("_tfrecord"):  # TFX's own name
        return TFRECORD
    if delimiter is not None:
        return CSV
    raise ConfigError(
        f"{path}: the name does not tell the format (it tells {', '.join(_SUFFIXES)}, also compressed: .gz, .xz, .bz2, "
        f".zip); set {section}.format to one of {', '.join(FORMATS)}"
    )


def delimiter_of(name: str, delimiter: str | None) -> str:
    """What divides the columns: the delimiter given, else a tab in TSV and a comma elsewhere."""
    return delimiter if delimiter is not None else _DELIMITERS.get(name, ",")


def module(name: str) -> Format:
    """The module of a format."""
    return cast(Format, importlib.import_module(f"components.example_gen.formats.{_MODULES[name]}"))
