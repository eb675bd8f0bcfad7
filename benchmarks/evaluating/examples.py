"""Raw Examples of a split `test`, as TextExampleGen writes them, in one file: so that every reader has one order."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from components.example_gen.examples import to_example
from components.example_gen.rows import Candidate, Row, examine
from components.example_gen.settings import DataSettings, LabelSettings
from components.example_gen.token_counts import TokenCount
from components.features import TEST

_FILE = "data_tfrecord-00000-of-00001.gz"


@dataclasses.dataclass(frozen=True)
class Written:
    """Examples that were written: the artifact's folder, its one file, and how many there are."""

    folder: Path
    file: Path
    rows: int


def write(folder: Path, texts: Iterable[str], labels: Mapping[str, Any], bands: Sequence[int]) -> Written:
    """Writes an example a text, without ever holding all of them.

    Args:
        folder: of the artifact, which is made.
        texts: their ids are of their places, so that no two are alike.
        labels: `kind` and `names`; the texts hold one after the other, since nobody asks here who is right.
        bands: where the bands of length begin, in words.
    """
    split = folder / f"Split-{TEST}"
    split.mkdir(parents=True)
    rows = 0
    with tf.io.TFRecordWriter(str(split / _FILE), options="GZIP") as writer:
        for example in _examples(texts, LabelSettings.from_dict(labels), bands):
            writer.write(example)
            rows += 1
    return Written(folder, split / _FILE, rows)


def _examples(texts: Iterable[str], labels: LabelSettings, bands: Sequence[int]) -> Iterator[bytes]:
    data = DataSettings(source="generated", length_bands=tuple(bands))
    for place, text in enumerate(texts):
        row = examine(Row("", place, text, labels.names[place % len(labels.names)]), data, labels)
        if isinstance(row, Candidate):  # else nothing that TextExampleGen would write
            row = row._replace(id=hashlib.blake2b(str(place).encode(), digest_size=16).hexdigest())
            yield to_example(row, TokenCount(row.words, 0.0), labels, data)
