"""Reads Parquet, of its columns only those that are needed, a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from components.errors import DataError
from components.example_gen.formats import compression
from components.example_gen.formats.columns import Columns, check_columns, row_maker
from components.example_gen.formats.file import InputFile
from components.example_gen.rows import DAMAGED, BadRow, Row, bad_row

_ROWS_AT_ONCE = 1000
_DAMAGE = (*compression.DAMAGE, pa.ArrowException)
_TEXTS = ("string", "large_string", "string_view", "binary", "large_binary", "binary_view", "null")


def check(file: InputFile, columns: Columns) -> None:
    """Raises DataError unless the file is Parquet and its schema has the columns, of types that they can be of."""
    try:
        with compression.open_bytes(file.path, file.member) as stream:
            schema = pq.ParquetFile(stream).schema_arrow
            names = schema.names
    except (*_DAMAGE, UnicodeDecodeError) as error:  # names are decoded when they are asked for
        raise DataError(f"{file.name} cannot be read as Parquet: {_first_line(error)}; fetch it again") from error
    check_columns(names, columns, file.name)
    for key, column in columns.keyed:
        _check_type(schema.field(column).type, column, key, columns, file.name)


def read(file: InputFile, columns: Columns) -> Iterator[Row | BadRow]:
    """Every row of a file that passed `check`; `line` is its number from 1. A null text is an empty one.

    Ends with a BadRow of reason `damaged file` where the rest cannot be read.
    """
    make = row_maker(columns, file.name, file.official)
    line = 0
    try:
        with compression.open_bytes(file.path, file.member) as stream:
            needed = list(dict.fromkeys(columns.wanted))
            for batch in pq.ParquetFile(stream).iter_batches(_ROWS_AT_ONCE, columns=needed):
                lists = [_values(batch, column, column in columns.texts) for column in columns.wanted]
                for values in zip(*lists, strict=True):
                    line += 1
                    yield make(line, values)
    except _DAMAGE as error:
        yield bad_row(file.name, line, DAMAGED, f"the file breaks off after this row: {_first_line(error)}", "")


def _check_type(kind: pa.DataType, column: str, key: str, columns: Columns, name: str) -> None:
    is_text = column in columns.texts
    inner = _item_type(kind) if columns.holds_many and column == columns.label else kind
    plain = inner.value_type if pa.types.is_dictionary(inner) else inner
    if str(plain) in _TEXTS or (not is_text and (pa.types.is_integer(plain) or pa.types.is_boolean(plain))):
        return
    expected = "text" if is_text else "text, whole numbers or booleans"
    raise DataError(
        f"{name}: column {column!r} ({key}) is of type {kind}, not {expected}; convert it, or set {key} anew"
    )


def _item_type(kind: pa.DataType) -> pa.DataType:
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return kind.value_type if is_list else kind


def _values(batch: pa.RecordBatch, column: str, is_text: bool) -> list[Any]:
    array = batch.column(batch.schema.get_field_index(column))
    try:
        values = array.to_pylist()
    except UnicodeDecodeError:
        values = _as_bytes(array).to_pylist()
    return [_plain(value, is_text) for value in values]


def _as_bytes(array: pa.Array) -> pa.Array:
    """The array with bytes where it has text that is no UTF-8."""
    if pa.types.is_dictionary(array.type):
        return _as_bytes(array.dictionary_decode())
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return array.cast(pa.large_binary() if pa.types.is_large_string(array.type) else pa.binary())
    return array.cast(pa.list_(pa.binary()))


def _plain(value: Any, is_text: bool) -> Any:
    if value.__class__ is str:
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, list):
        return [_plain(item, False) for item in value]
    return "" if is_text and value is None else value


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
