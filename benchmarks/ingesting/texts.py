"""The rows that are ingested, as a CSV file of `text` and `label`: real reviews, a given file's, or generated ones."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import lzma
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import numpy as np

from benchmarks.environment import BenchmarkError
from benchmarks.workloads import DATA
from components.errors import DataError
from components.example_gen.rows import Row
from components.example_gen.sources import embedded

TEXT, LABEL = "text", "label"
LABELS = ("neg", "pos")
GENERATED_ROWS = 50_000  # where nothing real is there; as many as IMDB has

# What IMDB's reviews are like: 231 words on average, and one in twenty longer than 590, which a log-normal distribution
# of this sigma has (its 95th percentile is exp(1.645 sigma - sigma^2 / 2) times its mean).
MEAN_WORDS = 230.0
SIGMA = 0.735
_WORD_RANGE = (5, 2500)
# Zipf's law with Mandelbrot's shift, over as many words as reviews use.
_VOCABULARY = 30_000
_SHIFT = 2.7
_COMMAS, _STOPS = 0.07, 0.08  # of the words, how many one follows
_REPEAT_EVERY = 100  # one row in so many repeats the one before it; of IMDB's, 418 of 50,000 repeat another
_SEED = 20_777
_ROWS_AT_ONCE = 1000

TextAndLabel = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class Table:
    """A CSV file of `text` and `label`. `source` says whose rows they are."""

    file: Path
    rows: int
    labels: tuple[str, str]
    source: str


def write_real(file: Path, rows: int | None, data: Path | None) -> Table:
    """Writes so many rows, or all: of `data`, else of IMDB beside the repository, else the embedded reviews; without
    those, generated ones. Fewer than all are drawn at random, the same ones every time.

    Raises:
        BenchmarkError: there are not so many, or `data` cannot be used.
    """
    found, source = _find(data)
    if found is None:
        return write_generated(file, rows or GENERATED_ROWS)
    if rows is not None and rows > len(found):
        raise BenchmarkError(f"{source} has {len(found)} rows, and --rows asks for {rows}; ask for fewer")
    picked = found if rows is None else random.Random(_SEED).sample(found, rows)
    return Table(file, write(file, picked), _two_labels(found, source), source)


def write_generated(file: Path, rows: int) -> Table:
    """Writes so many generated rows without ever holding all of them."""
    return Table(file, write(file, generate(rows)), LABELS, "generated text")


def write(file: Path, rows: Iterable[TextAndLabel]) -> int:
    """Writes rows under a header. Returns how many they were."""
    count = 0
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow((TEXT, LABEL))
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def generate(rows: int) -> Iterator[TextAndLabel]:
    """Made-up texts with labels, row for row the same every time: `generate(n)` begins like any longer one.

    Lengths are log-normal and words follow Zipf's law. They mean nothing, and pieces of them are more than of English:
    good for memory and bytes, less so for rows a second.
    """
    numbers = np.random.RandomState(_SEED)  # its stream is frozen, while that of a Generator may change
    words, shares = _words(), _cumulative_shares()
    made = itertools.chain.from_iterable(_chunk(numbers, words, shares) for _ in itertools.count())
    yield from itertools.islice(_repeating(made), rows)


def _repeating(made: Iterable[TextAndLabel]) -> Iterator[TextAndLabel]:
    for number, row in enumerate(made, 1):
        yield row
        if number % (_REPEAT_EVERY - 1) == 0:
            yield row


def _chunk(numbers: np.random.RandomState, words: list[str], shares: np.ndarray) -> Iterator[TextAndLabel]:
    log_mean = np.log(MEAN_WORDS) - SIGMA**2 / 2
    drawn = np.exp(log_mean + SIGMA * numbers.standard_normal(_ROWS_AT_ONCE))
    lengths = np.clip(drawn.round(), *_WORD_RANGE).astype(int)
    ranks = np.searchsorted(shares, numbers.random_sample(int(lengths.sum())))
    marks = np.searchsorted((1 - _COMMAS - _STOPS, 1 - _STOPS), numbers.random_sample(len(ranks)))
    is_positive = numbers.random_sample(_ROWS_AT_ONCE) < 0.5
    for part, positive in zip(np.split(ranks + _VOCABULARY * marks, np.cumsum(lengths)[:-1]), is_positive, strict=True):
        yield " ".join([words[index] for index in part.tolist()]), LABELS[int(positive)]


def _words() -> list[str]:
    """Words by rank, then the same with a comma, then with a full stop. Frequent words are shorter, as in languages."""
    syllables = ["".join(parts) for parts in itertools.product("bdfgklmnprstvz", "aeiou", "nrst")]
    longer = ("".join(parts) for parts in itertools.product(syllables, repeat=2))
    words = list(itertools.islice(itertools.chain(syllables, longer), _VOCABULARY))
    return [word + mark for mark in ("", ",", ".") for word in words]


def _cumulative_shares() -> np.ndarray:
    weights = 1 / (np.arange(_VOCABULARY) + 1 + _SHIFT)
    shares = np.cumsum(weights) / weights.sum()
    shares[-1] = 1.0
    return shares


def _find(data: Path | None) -> tuple[list[TextAndLabel] | None, str]:
    if data is not None:
        return list(_read(data)), data.name
    if (imdb := DATA / "imdb.csv.xz").is_file():
        return list(_read(imdb)), "IMDB"
    try:
        path = embedded.locate()
    except DataError:
        return None, ""
    rows = (row for row in embedded.read(path, embedded.FILE) if isinstance(row, Row))
    return [(row.text, str(row.label)) for row in rows], "embedded reviews"


def _read(file: Path) -> Iterator[TextAndLabel]:
    try:
        with _open(file) as lines:
            records = csv.DictReader(lines)
            if missing := {TEXT, LABEL} - set(records.fieldnames or ()):
                raise BenchmarkError(f"{file} has no column {' nor '.join(sorted(missing))}; name its columns so")
            for record in records:
                if empty := [name for name in (TEXT, LABEL) if record[name] is None]:
                    raise BenchmarkError(
                        f"{file}, line {records.line_num}: the row ends before its {empty[0]}; complete or remove it"
                    )
                yield record[TEXT], record[LABEL]
    except (OSError, UnicodeDecodeError, csv.Error, lzma.LZMAError) as error:
        raise BenchmarkError(f"--data {file} cannot be read: {error}") from error


def _open(file: Path) -> IO[str]:
    if file.suffix == ".xz":
        return lzma.open(file, "rt", encoding="utf-8", newline="")
    return file.open(encoding="utf-8", newline="")


def _two_labels(rows: Iterable[TextAndLabel], source: str) -> tuple[str, str]:
    labels = sorted({label for _, label in rows})
    if len(labels) != 2:
        raise BenchmarkError(f"{source} has {len(labels)} different labels; give data with two")
    return labels[0], labels[1]
