"""Reads TFRecords of tf.Example.

The framing is TensorFlow's (tensorflow/core/lib/io/record_writer.h): length, its checksum, the record, its checksum.
It is read here, so that damage is told from the end in every compression and on every file system.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import google_crc32c
from google.protobuf.message import DecodeError
from tensorflow.core.example import example_pb2

from components.errors import DataError
from components.example_gen.formats import compression
from components.example_gen.formats.columns import Columns, RowError, check_columns, row_maker
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
            found = _first_features(stream, columns.wanted)
    except compression.DAMAGE as error:
        raise DataError(
            f"{file.name} cannot be read as TFRecord: {error}; fetch it again, or set data.format"
        ) from error
    if found is None:
        raise DataError(f"{file.name} is empty; records of tf.Example were expected; give it its rows, or take it out")
    line, features = found
    if isinstance(features, RowError):
        raise DataError(f"{file.name}:{line}: {features.detail}; write the file with tf.train.Example")
    check_columns(sorted(features), columns, f"{file.name}:{line}")


def _first_features(stream: BinaryIO, wanted: Sequence[str]) -> tuple[int, Any] | None:
    """The number of the first record that has the features wanted, and its features; else those of the first there is.

    A RowError in their place where no record is a tf.Example; None where there is no record.
    """
    first: tuple[int, Any] | None = None
    for line, record in enumerate(itertools.islice(_records(stream), _LOOKED_AT), 1):
        try:
            features = _parse(record)
        except RowError as error:
            first = first or (line, error)
            continue
        if all(column in features for column in wanted):
            return line, features
        if first is None or isinstance(first[1], RowError):
            first = line, features
    return first


def read(file: InputFile, columns: Columns) -> Iterator[Row | BadRow]:
    """A row for every record; `line` is its number from 1. Ends with a BadRow of reason `damaged file` at damage."""
    make = row_maker(columns, file.name, file.official)
    line = 0
    try:
        with compression.open_bytes(file.path, file.member) as stream:
            for line, record in enumerate(_records(stream), 1):
                values = _values(record, columns)
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


def _values(record: bytes | int, columns: Columns) -> list[Any] | RowError:
    """The values of a record in the columns wanted, or what is wrong with it."""
    listed = columns.label if columns.holds_many else None
    try:
        features = _parse(record)
        return [_value(features, column, column == listed, columns) for column in columns.wanted]
    except RowError as error:
        return error


def _value(features: Any, column: str, is_list: bool, columns: Columns) -> Any:
    """The feature's value, or a list of them; bytes as text."""
    if column not in features:
        raise RowError(BAD_RECORD, f"there is no feature {column!r}")
    feature = features[column]
    kind = feature.WhichOneof("kind")
    values: list[Any] = list(getattr(feature, kind).value) if kind else []
    if kind == "bytes_list":
        values = [value.decode("utf-8", "surrogateescape") for value in values]
    if is_list:
        # Labels divided by a delimiter are one text, as in the other formats.
        return values[0] if columns.label_delimiter is not None and len(values) == 1 else values
    if len(values) != 1:
        raise RowError(BAD_RECORD, f"feature {column!r} has {len(values)} values where one was expected")
    return values[0]
