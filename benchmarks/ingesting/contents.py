"""What a step wrote, as digests that can be compared."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from typing_extensions import Self

from components.fingerprint import file_digest


@dataclasses.dataclass(frozen=True)
class Contents:
    """The examples of an artifact.

    Attributes:
        counts: examples by split.
        records: by split, the digest of its examples in the order of their bytes: of what they are, wherever they lie.
        files: the digest of every file, by its path in the artifact.
    """

    counts: Mapping[str, int]
    records: Mapping[str, str]
    files: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Of an Examples artifact's folder, whose splits are gzipped TFRecords."""
        counts, records = {}, {}
        for split in sorted(folder.glob("Split-*")):
            digests = sorted(hashlib.sha256(record).digest() for record in _records(split))
            counts[split.name.removeprefix("Split-")] = len(digests)
            records[split.name.removeprefix("Split-")] = hashlib.sha256(b"".join(digests)).hexdigest()
        files = {str(file.relative_to(folder)): file_digest(file) for file in sorted(folder.rglob("*.gz"))}
        return cls(counts, records, files)


@dataclasses.dataclass(frozen=True)
class Equality:
    """Whether two runs wrote the same sets of examples, and even the same files."""

    sets: bool
    files: bool


def compare(one: Contents, other: Contents) -> Equality:
    """Compares what two runs wrote. Nothing written equals nothing."""
    has_any = sum(one.counts.values()) > 0
    return Equality(
        sets=has_any and one.records == other.records,
        files=has_any and one.files == other.files,
    )


def _records(split: Path) -> Iterator[bytes]:
    import tensorflow as tf  # only whoever ran a pipeline reads its examples, and has TensorFlow loaded

    files = [str(file) for file in sorted(split.iterdir())]
    for record in tf.data.TFRecordDataset(files, compression_type="GZIP"):
        yield record.numpy()  # pyright: ignore[reportReturnType]  a string is bytes, not an array
