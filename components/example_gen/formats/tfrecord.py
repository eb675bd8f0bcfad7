"""Reads TFRecords of tf.Example.

The framing is TensorFlow's (tensorflow/core/lib/io/record_writer.h): length, its checksum, the record, its checksum.
It is read here, so that damage is told from the end in every compression and on every file system.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Collection, Iterable, Iterator
from typing import Any, BinaryIO

import google_crc32c
from google.protobuf.message import DecodeError
from tensorflow.core.example import example_pb2

from components.errors import DataError
from components.example_gen.formats import compression
from components.example_gen.formats.columns import Columns, RowError, check_columns, first_fit, row_maker
from components.example_gen.formats.file import InputFile
from components.example_gen.rows import BAD_RECORD, DAMAGED, TOO_LONG, BadRow, Row, bad_row

_HEADER = struct.Struct("<QI")
_CHECKSUM = struct.Struct("<I")
_MASK = 0xA282EAD8  # record_writer.h; checksums of data that holds checksums are weak, hence the mask
_MAX_RECORD_BYTES = 64 << 20  # a larger one is not kept, so that a small archive of it does not fill the memory
_SKIPPED_AT_ONCE = 1 << 20
_LOOKED_AT = 100  # records that the check looks for a sound one in, so that one bad record at the top stops nobody


def check(file: InputFile, columns: Columns) -> None:
    """Raises DataError unless a tf.Example with the features is among the file's first records, and these are whole."""
    try:
        with compression.open_bytes(file.path, file.member) as stream:
            problems: list[tuple[int, RowError]] = []
            found = first_fit(_features(itertools.islice(_records(stream), _LOOKED_AT), problems), columns)
    except compression.DAMAGE as error:
        raise DataError(
            f"{file.name} cannot be read as TFRecord: {error}; fetch it again, or set data.format"
        ) from error
    if found is not None:
        line, features = found
        check_columns(sorted(features), columns, f"{file.name}:{line}")
    elif problems:
        line, problem = problems[0]
        raise DataError(f"{file.name}:{line}: {problem.detail}; write the file with tf.train.Example")
    else:
        raise DataError(f"{file.name} is empty; records of tf.Example were expected; give it its rows, or take it out")


def _features(
    records: Iterable[bytes | int], problems: list[tuple[int, RowError]]
) -> Iterator[tuple[int, Collection[str]]]:
    """The features of the records, numbered from 1; `problems` takes those that are no tf.Example."""
    for line, record in enumerate(records, 1):
        features = _parsed(record)
        if isinstance(features, RowError):
            problems.append((line, features))
        else:
            yield line, features


def read(file: InputFile, columns: Columns) -> Iterator[Row | BadRow]:
    """A row for every record; `line` is its number from 1. Ends with a BadRow of reason `damaged file` at damage."""
    make = row_maker(columns, file.name, file.official)
    required = columns.required
    line = 0
    try:
        with compression.open_bytes(file.path, file.member) as stream:
            for line, record in enumerate(_records(stream), 1):
                values = _values(record, columns, required)
                if isinstance(values, RowError):
                    yield bad_row(file.name, line, values.reason, values.detail, "")
                else:
                    yield make(line, values)
    except compression.DAMAGE as error:
        yield bad_row(file.name, line, DAMAGED, f"the file breaks off after this record: {error}", "")


def _records(stream: BinaryIO) -> Iterator[bytes | int]:
    """The records; of one that is too long, how many bytes it has.

    Raises EOFError where one breaks off, OSError where its checksum is wrong.
    """
    while header := stream.read(_HEADER.size):
        length, checksum = _HEADER.unpack(_whole(header, _HEADER.size))
        if checksum != _masked_checksum(header[:8]):
            raise OSError("the length of a record is damaged, or this is no TFRecord")
        if length > _MAX_RECORD_BYTES:
            _skip(stream, length + _CHECKSUM.size)
            yield length
            continue
        record = _whole(stream.read(length), length)
        [checksum] = _CHECKSUM.unpack(_whole(stream.read(_CHECKSUM.size), _CHECKSUM.size))
        if checksum != _masked_checksum(record):
            raise OSError("a record is damaged: its checksum is another")
        yield record


def _skip(stream: BinaryIO, length: int) -> None:
    while length > 0:
        size = min(length, _SKIPPED_AT_ONCE)
        _whole(stream.read(size), size)
        length -= size


def _whole(data: bytes, length: int) -> bytes:
    if len(data) < length:
        raise EOFError("a record breaks off")
    return data


def _masked_checksum(data: bytes) -> int:
    checksum = google_crc32c.value(data)
    return ((checksum >> 15 | checksum << 17) + _MASK) & 0xFFFFFFFF


def _parse(record: bytes | int) -> Any:
    """The record's features by name."""
    if isinstance(record, int):
        raise RowError(TOO_LONG, f"the record has {record} bytes, more than {_MAX_RECORD_BYTES}")
    try:
        return example_pb2.Example.FromString(record).features.feature
    except DecodeError as error:
        raise RowError(BAD_RECORD, "the record is no tf.Example") from error


def _parsed(record: bytes | int) -> Any:
    try:
        return _parse(record)
    except RowError as error:
        return error


def _values(record: bytes | int, columns: Columns, required: tuple[str, ...]) -> list[Any] | RowError:
    """The values of a record in the columns, or what is wrong with it; None for a further column that it lacks."""
    listed = columns.label if columns.holds_many else None
    try:
        features = _parse(record)
        values = [_value(features, column, column == listed, columns) for column in required]
        values.extend(_value_if_any(features, column) for column in columns.others)
        return values
    except RowError as error:
        return error


def _value(features: Any, column: str, is_list: bool, columns: Columns) -> Any:
    """The feature's value, or a list of them; bytes as text."""
    if column not in features:
        raise RowError(BAD_RECORD, f"there is no feature {column!r}")
    values = _values_of(features[column])
    if is_list:
        # Labels divided by a delimiter are one text, as in the other formats.
        return values[0] if columns.label_delimiter is not None and len(values) == 1 else values
    return _only(values, column)


def _value_if_any(features: Any, column: str) -> Any:
    """The value of a further column's feature; None where there is none."""
    values = _values_of(features[column]) if column in features else []
    return _only(values, column) if values else None


def _values_of(feature: Any) -> list[Any]:
    kind = feature.WhichOneof("kind")
    values: list[Any] = list(getattr(feature, kind).value) if kind else []
    return [value.decode("utf-8", "surrogateescape") for value in values] if kind == "bytes_list" else values


def _only(values: list[Any], column: str) -> Any:
    if len(values) != 1:
        raise RowError(BAD_RECORD, f"feature {column!r} has {len(values)} values where one was expected")
    return values[0]
