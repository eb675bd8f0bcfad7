"""A shuffle through files: rows go to the bucket of their id, and come back bucket by bucket.

Beam's in-memory runner holds all that it shuffles, and so would hold every text. Here it shuffles where rows lie in
files, and a worker holds at most what it has read and not yet written, or one bucket. Buckets are ranges of the id,
so that one after another they are in the order of the ids.
"""

from __future__ import annotations

import collections
import contextlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tfx.dsl.io import fileio

from components.example_gen.rows import Candidate

# A worker holds one at a time: some 20 MB of two million reviews.
BUCKETS = 256
_HELD_BYTES = 16 << 20
_ID_DIGITS, _ID_BITS = 8, 32
_TUPLES = [Candidate._fields.index(name) for name in ("labels", "columns")]


class Segment(NamedTuple):
    """Where some rows of a bucket lie."""

    bucket: int
    path: str
    offset: int
    length: int


def bucket_of(text_id: str) -> int:
    """The bucket of a text."""
    return int(text_id[:_ID_DIGITS], 16) * BUCKETS >> _ID_BITS


class Spill:
    """Writes rows into a file of its own, those of a bucket together."""

    def __init__(self, folder: str) -> None:
        fileio.makedirs(folder)
        self._path = f"{folder}/{uuid.uuid4().hex}"  # another attempt of the same work must not meet it
        self._held: dict[int, list[bytes]] = collections.defaultdict(list)
        self._held_bytes = self._offset = 0
        self._file = None
        self.segments: list[Segment] = []

    def add(self, row: Candidate) -> None:
        """Takes a row."""
        # Names of files may hold bytes that are no UTF-8, as lone surrogates.
        line = json.dumps(row, ensure_ascii=False).encode(errors="surrogatepass") + b"\n"
        self._held[bucket_of(row.id)].append(line)
        self._held_bytes += len(line)
        if self._held_bytes >= _HELD_BYTES:
            self._flush()

    def close(self) -> None:
        """Writes what is held; `segments` are complete then."""
        self._flush()
        if self._file is not None:
            self._file.close()

    def _flush(self) -> None:
        if not self._held:
            return
        if self._file is None:
            self._file = fileio.open(self._path, "wb")
        for bucket, lines in sorted(self._held.items()):
            content = b"".join(lines)
            self._file.write(content)
            self.segments.append(Segment(bucket, self._path, self._offset, len(content)))
            self._offset += len(content)
        self._held.clear()
        self._held_bytes = 0


def read_sorted(segments: Iterable[Segment]) -> Iterator[Candidate]:
    """The rows of all segments in the order of their ids, and of all else that rows hold: the order in which they
    were written makes no difference.
    """
    by_bucket: dict[int, list[Segment]] = collections.defaultdict(list)
    for segment in segments:
        by_bucket[segment.bucket].append(segment)
    with contextlib.ExitStack() as stack:
        paths = sorted({segment.path for of_bucket in by_bucket.values() for segment in of_bucket})
        files = {path: stack.enter_context(fileio.open(path, "rb")) for path in paths}
        for _, of_bucket in sorted(by_bucket.items()):
            yield from sorted(_rows(of_bucket, files), key=_order)


def _rows(segments: list[Segment], files: Mapping[str, Any]) -> Iterator[Candidate]:
    for segment in segments:
        file = files[segment.path]
        file.seek(segment.offset)
        for line in file.read(segment.length).splitlines():
            yield _row(json.loads(line.decode(errors="surrogatepass")))


def _row(values: list) -> Candidate:
    for place in _TUPLES:  # which JSON makes lists of
        values[place] = tuple(values[place])
    return Candidate(*values)


def _order(row: Candidate) -> tuple:
    # What an example is made of comes first, so that of equal texts one is kept whose values do not depend on files.
    return (*row[:2], row.text_pair or "", row.labels, row.columns, *row[4:10], row.span or 0, row.role)
