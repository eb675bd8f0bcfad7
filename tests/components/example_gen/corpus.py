"""Corrupt files, as people really have them: what each holds, and what must become of every row of it.

Each has `text` and `label` columns with the labels neg and pos. Sentences are made up.
"""

from __future__ import annotations

import bz2
import functools
import gzip
import io
import json
import lzma
import struct
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

ROWS = tuple((f"review number {number} was {'good' if number % 2 else 'bad'}", number % 2) for number in range(40))
NAMES = ("neg", "pos")


class Case(NamedTuple):
    """A corrupt file.

    Attributes:
        name: of the case.
        file: name of the file.
        content: its bytes.
        usable: rows that must come through; -1 where only the compressor knows how many come before the damage.
        bad: line and reason of every row that must go to the quarantine; where usable is -1 so is the line, and rows of
            one reason that follow one another are one.
        refused: a pattern that the error of the check matches, where the file is not read at all.
        settings: of the `data` section, beside path and source.
    """

    name: str
    file: str
    content: bytes
    usable: int = 0
    bad: tuple[tuple[int, str], ...] = ()
    refused: str | None = None
    settings: Mapping[str, Any] = {}

    def write(self, folder: Path) -> Path:
        """Writes the file into the folder. Skips the test where the file system takes no such name."""
        path = folder / self.file
        try:
            path.write_bytes(self.content)
        except OSError as error:
            if self.file.isprintable():
                raise
            pytest.skip(f"{path!r}: {error}")
        return path


def csv_lines(count: int = len(ROWS), newline: str = "\n") -> str:
    """A sound CSV of so many rows."""
    return newline.join(["text,label", *(f'"{text}",{NAMES[label]}' for text, label in ROWS[:count])]) + newline


def json_lines(count: int = len(ROWS)) -> str:
    """Sound JSON Lines of so many rows."""
    return "".join(json.dumps({"text": text, "label": NAMES[label]}) + "\n" for text, label in ROWS[:count])


def parquet(**columns: pa.Array) -> bytes:
    """A Parquet file of ROWS, with other columns in place of `text` and `label` where they are given."""
    texts, labels = zip(*ROWS, strict=True)
    table = {"text": pa.array(texts), "label": pa.array([NAMES[label] for label in labels]), **columns}
    written = io.BytesIO()
    pq.write_table(pa.table(table), written, row_group_size=10)
    return written.getvalue()


def example(text: bytes, label: bytes) -> bytes:
    """A serialised tf.Example."""
    features = {
        "text": tf.train.Feature(bytes_list=tf.train.BytesList(value=[text])),
        "label": tf.train.Feature(bytes_list=tf.train.BytesList(value=[label])),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def tfrecord(records: list[bytes], compression: Literal["", "GZIP"] = "") -> bytes:
    """The bytes that TensorFlow writes for records."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records"
        with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions(compression_type=compression)) as writer:
            for record in records:
                writer.write(record)
        return path.read_bytes()


def zipped(**members: bytes) -> bytes:
    """A .zip of files, `__` in whose names stands for a dot."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return written.getvalue()


def zip_of_version(tenths: int, **members: bytes) -> bytes:
    """A .zip whose first file needs another version of the format (PKWARE's APPNOTE, section 4.4.3)."""
    content = bytearray(zipped(**members))
    content[content.index(b"PK\x01\x02") + 6] = tenths
    return bytes(content)


@functools.lru_cache(maxsize=1)
def _long_line() -> bytes:
    """A small archive of a CSV whose second row is 20 MB long."""
    head, *rest = csv_lines(2).splitlines(keepends=True)
    return gzip.compress("".join([head, rest[0], "long " * (4 << 20), ",pos\n", rest[1]]).encode(), 1)


def cases() -> list[Case]:
    """Every case."""
    return [*_encodings(), *_rows_of_csv(), *_headers(), *_compressed(), *_json(), *_parquet(), *_tfrecord()]


def _encodings() -> list[Case]:
    head, rest = csv_lines(3).split("\n", 1)
    return [
        Case("bom", "a.csv", f"\ufeff{csv_lines()}".encode(), 40),
        Case("utf-16", "a.csv", csv_lines().encode("utf-16"), refused="a.csv is UTF-16, not UTF-8.*iconv"),
        Case("utf-16 without mark", "a.csv", csv_lines().encode("utf-16-le"), refused="a.csv:1: there is no column"),
        Case("utf-32", "a.csv", csv_lines().encode("utf-32"), refused="is UTF-(16|32), not UTF-8"),
        Case("nul in a row", "a.csv", f"{csv_lines(3)}a\0b,pos\nfine text,neg\n".encode(), 4, ((5, "NUL character"),)),
        Case("nothing but nul", "a.csv", b"\0" * 1000, refused="a.csv:1: there is no column"),
        Case("nul rows", "a.csv", f"{head}\n\0\0\0\n{rest}".encode(), 3, ((2, "wrong column count"),)),
        Case("latin-1", "a.csv", csv_lines(2).encode() + b"caf\xe9,pos\n", 2, ((4, "invalid UTF-8"),)),
        Case("lone surrogate", "a.csv", csv_lines(2).encode() + b"a\xed\xa0\x80b,pos\n", 2, ((4, "invalid UTF-8"),)),
        Case(
            "cut inside a character", "a.csv", csv_lines(2).encode() + b"pos,\xf0\x9f\x98", 2, ((4, "invalid UTF-8"),)
        ),
    ]


def _rows_of_csv() -> list[Case]:
    ragged = f"{csv_lines(2)}one,two,three\nshort\n,\nlast one,pos\n"
    unclosed = csv_lines(3).replace('"review number 1', '"review "number 1')
    huge = f'"{"long " * 2_000_000}",pos\n'
    never = 'a",""",b\n'  # whether it is read within quotes or without, it ends within
    return [
        Case(
            "quotes that never close",
            "a.csv",
            (csv_lines(3) + never * 30).encode(),
            3,
            tuple((line, "bad quoting") for line in range(5, 35)),
        ),
        Case(
            "quotes that never close, by the thousand",
            "a.csv",
            (csv_lines(3) + never * 20_000).encode(),
            -1,
            ((-1, "bad quoting"), (-1, "damaged file")),
        ),
        Case(
            "ragged rows",
            "a.csv",
            ragged.encode(),
            3,
            ((4, "wrong column count"), (5, "wrong column count"), (6, "empty text")),
        ),
        Case("quote that does not close", "a.csv", unclosed.encode(), 2, ((3, "bad quoting"),)),
        Case("10 MB cell", "a.csv", f"{csv_lines(3)}{huge}fine text,neg\n".encode(), 4, ((5, "over-long text"),)),
        Case("mixed newlines", "a.csv", b"text,label\r\none a,pos\ntwo b,neg\rthree c,pos\r\n\r\nfour d,neg", 4),
        Case("old Mac newlines", "a.csv", csv_lines(newline="\r").encode(), 40),
        Case("two files joined", "a.csv", (csv_lines(2) + csv_lines(3)).encode(), 5, ((4, "bad record"),)),
        Case(
            "two files joined without a newline",
            "a.csv",
            (csv_lines(2).rstrip("\n") + csv_lines(3)).encode(),
            4,
            ((3, "wrong column count"),),
        ),
        Case("no label", "a.csv", (csv_lines(2) + "a text,\n").encode(), 2, ((4, "unknown label"),)),
        Case("unknown label", "a.csv", (csv_lines(2) + "a text,meh\n").encode(), 2, ((4, "unknown label"),)),
        Case("blank text", "a.csv", (csv_lines(2) + '"<br /> \n",pos\n').encode(), 2, ((4, "empty text"),)),
    ]


def _headers() -> list[Case]:
    rows = csv_lines().encode()
    return [
        Case("duplicated header", "a.csv", b"text,label,text\na,pos,b\n", refused="a.csv:1: column 'text'.*2 times"),
        Case("no such column", "a.csv", b"review,label\na,pos\n", refused="a.csv:1: there is no column 'text'"),
        Case("other delimiter", "a.csv", rows.replace(b",", b";"), refused="a.csv:1: .*data.delimiter"),
        Case("empty file", "a.csv", b"", refused="a.csv is empty"),
        Case("empty lines only", "a.csv", b"\n\r\n\n", refused="a.csv is empty"),
        Case("header only", "a.csv", b"text,label\n"),
        Case("header with an unclosed quote", "a.csv", b'"text,label\na,pos\n', refused="the header cannot be read"),
        Case("archive without its suffix", "a.csv", gzip.compress(rows), refused="the header is not UTF-8.*unpack"),
        Case("name that is no UTF-8", "caf\udce9.ndjson", json_lines().encode(), 40),
        Case("suffix that tells nothing", "a.dat", rows, refused="set data.format to one of csv"),
        Case("suffix that tells nothing, with a format", "a.dat", rows, 40, settings={"format": "csv"}),
    ]


def _compressed() -> list[Case]:
    rows = csv_lines().encode()
    damaged = bytearray(gzip.compress(rows, mtime=0))
    damaged[-8] ^= 0xFF  # the checksum
    half = len(gzip.compress(rows)) // 2
    return [
        Case("gzip", "a.csv.gz", gzip.compress(rows), 40),
        Case("xz", "a.csv.xz", lzma.compress(rows), 40),
        Case("bzip2", "a.csv.bz2", bz2.compress(rows), 40),
        Case("zip", "a.csv.zip", zipped(a__csv=rows), 40),
        Case("truncated at once", "a.csv.gz", gzip.compress(rows)[:12], refused="a.csv.gz cannot be read"),
        Case("truncated", "a.csv.gz", gzip.compress(rows)[:half], -1, ((-1, "damaged file"),)),
        Case("truncated xz", "a.csv.xz", lzma.compress(rows)[:-30], -1, ((-1, "damaged file"),)),
        Case("damaged checksum", "a.csv.gz", bytes(damaged), -1, ((-1, "damaged file"),)),
        Case("garbage after the end", "a.csv.gz", gzip.compress(rows) + b"garbage", -1, ((-1, "damaged file"),)),
        Case("plain as gzip", "a.csv.gz", rows, refused="a.csv.gz cannot be read"),
        Case("plain as xz", "a.csv.xz", rows, refused="a.csv.xz cannot be read"),
        Case("plain as bzip2", "a.csv.bz2", rows, refused="a.csv.bz2 cannot be read"),
        Case("plain as zip", "a.csv.zip", rows, refused="a.csv.zip cannot be read"),
        Case("truncated zip", "a.csv.zip", zipped(a__csv=rows)[:-30], refused="a.csv.zip cannot be read"),
        Case("line far too long", "a.csv.gz", _long_line(), 2, ((3, "over-long text"),)),
        Case(
            "zip of version 9.9",
            "a.csv.zip",
            zip_of_version(99, a__csv=rows),
            refused=r"a\.csv\.zip cannot be read: zip file version 9\.9",
        ),
        Case("zip of two", "a.csv.zip", zipped(a__csv=rows, b__csv=rows), refused="holds 2 files: a.csv, b.csv"),
        Case("zip of none", "a.csv.zip", zipped(), refused="holds 0 files"),
        Case("empty gzip file", "a.csv.gz", b"", refused="a.csv.gz is empty"),
    ]


def _json() -> list[Case]:
    good = json_lines(2)
    lines = {
        "no JSON": "{text: 1}",
        "not an object": '["text", "label"]',
        "key twice": '{"text": "a", "text": "b", "label": "pos"}',
        "no label": '{"text": "a"}',
        "text is a number": '{"text": 5, "label": "pos"}',
        "text is null": '{"text": null, "label": "pos"}',
        "label is a list": '{"text": "a", "label": ["pos"]}',
        "label is a float": '{"text": "a", "label": 1.0}',
        "nested too deeply": "[" * 200_000,
        "text is a huge number": f'{{"text": {"9" * 4000}, "label": "pos"}}',
        "cut off": '{"text": "a", "la',
        "nul": "\0" * 20,
    }
    return [
        *(
            Case(f"json: {name}", "a.jsonl", f"{good}{line}\n{json_lines(1)}".encode(), 3, ((3, "bad record"),))
            for name, line in lines.items()
        ),
        Case("json: sound", "a.jsonl", f"\ufeff{json_lines()}".encode(), 40),
        Case("json: blank lines", "a.jsonl", json_lines(3).replace("\n", "\r\n \n\n").encode(), 3),
        Case(
            "json: label is null",
            "a.jsonl",
            f'{good}{{"text": "a", "label": null}}\n'.encode(),
            2,
            ((3, "unknown label"),),
        ),
        Case(
            "json: lone surrogate",
            "a.jsonl",
            f'{good}{{"text": "a\\ud800b", "label": "pos"}}\n'.encode(),
            2,
            ((3, "invalid UTF-8"),),
        ),
        Case(
            "json: escaped byte",
            "a.jsonl",
            good.encode() + b'{"text": "caf\xe9", "label": "pos"}',
            2,
            ((3, "invalid UTF-8"),),
        ),
        Case(
            "json: nul escape",
            "a.jsonl",
            f'{good}{{"text": "a\\u0000b", "label": "pos"}}'.encode(),
            2,
            ((3, "NUL character"),),
        ),
        Case("json: bad first line", "a.jsonl", f"oops\n{good}".encode(), 2, ((1, "bad record"),)),
        Case("json: empty", "a.jsonl", b"\n", refused="a.jsonl is empty"),
        Case("json: csv", "a.jsonl", csv_lines().encode(), refused="a.jsonl:1: the line is no JSON.*data.format"),
        Case(
            "json: no such key",
            "a.jsonl",
            b'{"review": "a"}\n',
            refused=r"a.jsonl:1: there is no column 'text' .*'review'",
        ),
        Case("json: utf-16", "a.jsonl", json_lines().encode("utf-16"), refused="is UTF-16"),
        Case("json: truncated", "a.jsonl.gz", gzip.compress(json_lines().encode())[:-60], -1, ((-1, "damaged file"),)),
    ]


def _parquet() -> list[Case]:
    sound = parquet()
    texts: list[str | None] = [text for text, _ in ROWS]
    labels: list[str | None] = [NAMES[label] for _, label in ROWS]
    floats = parquet(label=pa.array([float(label) for _, label in ROWS]))
    damaged = bytearray(sound)
    damaged[len(sound) // 3 : len(sound) // 3 + 200] = bytes(200)
    return [
        Case("parquet: sound", "a.parquet", sound, 40),
        Case("parquet: null text", "a.parquet", parquet(text=pa.array([None, *texts[1:]])), 39, ((1, "empty text"),)),
        Case(
            "parquet: null label",
            "a.parquet",
            parquet(label=pa.array([*labels[:-1], None])),
            39,
            ((40, "unknown label"),),
        ),
        Case(
            "parquet: no UTF-8",
            "a.parquet",
            parquet(text=pa.array([b"caf\xe9", *(str(text).encode() for text in texts[1:])])),
            39,
            ((1, "invalid UTF-8"),),
        ),
        Case("parquet: floats", "a.parquet", floats, refused=r"column 'label' \(data.label\) is of type double"),
        Case("parquet: empty", "a.parquet", b"", refused="a.parquet cannot be read as Parquet"),
        Case("parquet: truncated", "a.parquet", sound[:-100], refused="a.parquet cannot be read as Parquet"),
        Case("parquet: csv", "a.parquet", csv_lines().encode(), refused="a.parquet cannot be read as Parquet"),
        Case("parquet: damaged in the middle", "a.parquet", bytes(damaged), -1, ((-1, "damaged file"),)),
    ]


def _tfrecord() -> list[Case]:
    records = [example(text.encode(), NAMES[label].encode()) for text, label in ROWS]
    sound = tfrecord(records)
    flipped = bytearray(sound)
    flipped[len(sound) // 2] ^= 1
    two_texts = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"a", b"b"]))
    label = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"pos"]))
    odd = [
        b"no proto at all",
        tf.train.Example(features=tf.train.Features(feature={"text": label})).SerializeToString(),
        tf.train.Example(features=tf.train.Features(feature={"text": two_texts, "label": label})).SerializeToString(),
        example(b"caf\xe9", b"pos"),
    ]
    reasons = ((41, "bad record"), (42, "bad record"), (43, "bad record"), (44, "invalid UTF-8"))
    endless = struct.pack("<Q", 1 << 60) + b"\0" * 20
    return [
        Case("tfrecord: sound", "a.tfrecord", sound, 40),
        Case("tfrecord: gzip", "data_tfrecord-00000-of-00001.gz", tfrecord(records, "GZIP"), 40),
        Case("tfrecord: odd records", "a.tfrecord", tfrecord(records + odd), 40, reasons),
        Case("tfrecord: truncated", "a.tfrecord", sound[:-3], 39, ((39, "damaged file"),)),
        Case("tfrecord: flipped bit", "a.tfrecord", bytes(flipped), -1, ((-1, "damaged file"),)),
        Case("tfrecord: endless", "a.tfrecord", endless, refused="a.tfrecord cannot be read as TFRecord"),
        Case("tfrecord: empty", "a.tfrecord", b"", refused="a.tfrecord is empty"),
        Case("tfrecord: csv", "a.tfrecord", csv_lines().encode(), refused="a.tfrecord cannot be read as TFRecord"),
        Case("tfrecord: no feature", "a.tfrecord", tfrecord(odd[1:2]), refused="a.tfrecord:1: .*'label'"),
    ]
