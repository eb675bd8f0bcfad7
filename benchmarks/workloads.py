"""The texts that are sent: long reviews and short questions, in a random order that is the same every time."""

from __future__ import annotations

import csv
import dataclasses
import lzma
import random
import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.environment import ROOT, BenchmarkError
from components.example_gen.rows import Row
from components.example_gen.sources import embedded

DATA = ROOT.parent / "shared" / "data"  # real data sets beside the repository, where somebody has put them
_SEED = 20_777
_SHORT = range(25, 140)  # characters of a sentence that may stand for a question; Quora's have 13 words on average
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|<br />")


@dataclasses.dataclass(frozen=True)
class Workload:
    """Texts that arrive in this order. `source` says where they are from."""

    name: str
    texts: tuple[bytes, ...]
    source: str

    @property
    def mean_words(self) -> float:
        """Words a text, on average."""
        return sum(len(text.split()) for text in self.texts) / len(self.texts)


def reviews(count: int, data: Path = DATA) -> Workload:
    """Long texts: IMDB's reviews, or without them the embedded ones (the same data set's train half)."""
    file = data / "imdb.csv.xz"
    if file.is_file():
        return _pick("long reviews", _column(file, "text"), count, "IMDB")
    return _pick("long reviews", _embedded_reviews(), count, "embedded reviews")


def questions(count: int, data: Path = DATA) -> Workload:
    """Short texts: Quora's questions, or without them sentences out of the embedded reviews."""
    file = data / "quora.csv.xz"
    if file.is_file():
        return _pick("short questions", _column(file, "question_text"), count, "Quora")
    found = (part for review in _embedded_reviews() for part in short_sentences(review))
    return _pick("short questions", found, count, "sentences of the embedded reviews")


def short_sentences(text: str) -> Iterator[str]:
    """The text's sentences that are about as long as a question."""
    parts = (part.strip() for part in _SENTENCE_END.split(text))
    return (part for part in parts if len(part) in _SHORT)


def _pick(name: str, found: Iterator[str], count: int, source: str) -> Workload:
    texts = list(dict.fromkeys(found))  # every text once, lest a cache of any kind tells
    if len(texts) < count:
        raise BenchmarkError(f"{source} has {len(texts)} different texts, and {count} are asked for; ask for fewer")
    picked = random.Random(_SEED).sample(texts, count)
    return Workload(name, tuple(text.encode() for text in picked), source)


def _column(file: Path, name: str) -> Iterator[str]:
    with lzma.open(file, "rt", encoding="utf-8", newline="") as lines:
        for record in csv.DictReader(lines):
            yield record[name]


def _embedded_reviews() -> Iterator[str]:
    for row in embedded.read(embedded.locate(), embedded.FILE):
        if isinstance(row, Row):
            yield row.text
