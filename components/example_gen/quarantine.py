"""The account of all rows, and the files that keep those which cannot be used."""

from __future__ import annotations

import collections
import dataclasses
import heapq
import json
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from tfx.dsl.io import fileio

from components.example_gen.files import ROWS_FILE, SUMMARY_FILE
from components.example_gen.rows import BadRow
from components.example_gen.slices import MOST_VALUES
from components.features import SPLITS

_HELD_ROWS = 10_000  # by one worker: 5 MB at most


def _counters() -> dict[str, collections.Counter[str]]:
    return {split: collections.Counter() for split in SPLITS}


@dataclasses.dataclass
class Summary:
    """What became of the rows: how many were read, and how many went each way.

    `duplicates` and `repeated` count the rows that repeat a text, by whether its other row stands in the official test
    split (`across_splits`) or not (`within_split`): those that were dropped, and those that are examples nevertheless,
    since the configuration or the official split has them stay. `contradictions` are rows of an official test split
    that others of it contradict. `references` are rows that were read only to compare with, by their role. `slices`
    counts the examples by the values of `source` and of each of `data.columns`; None where there are more than
    `MOST_VALUES` of them.
    """

    rows: int = 0
    examples: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)  # by split
    labels: dict[str, collections.Counter[str]] = dataclasses.field(default_factory=_counters)  # by split
    quarantined: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)  # by reason
    duplicates: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    repeated: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    contradictions: int = 0
    not_sampled: int = 0
    unlabelled: int = 0
    spans: collections.Counter[int] = dataclasses.field(default_factory=collections.Counter)  # examples by span
    references: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    slices: dict[str, collections.Counter[str] | None] = dataclasses.field(default_factory=dict)  # by feature

    @property
    def bad(self) -> int:
        """How many rows are in quarantine."""
        return self.quarantined.total()

    @property
    def accounted(self) -> int:
        """How many rows went some way: as many as were read, or rows were lost or made up."""
        return self.examples.total() + self.bad + self.duplicates.total() + self.not_sampled + self.unlabelled

    def count_slice(self, feature: str, value: str) -> None:
        """Counts an example by a value of a feature."""
        counts = self.slices.setdefault(feature, collections.Counter())
        if counts is not None:
            counts[value] += 1
            if len(counts) > MOST_VALUES:
                self.slices[feature] = None

    def add(self, other: Summary) -> None:
        """Adds the counts of other rows."""
        for name in ("rows", "contradictions", "not_sampled", "unlabelled"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in _COUNTERS:
            getattr(self, name).update(getattr(other, name))
        for split in SPLITS:
            self.labels[split].update(other.labels[split])
        for feature, counts in other.slices.items():
            self.slices[feature] = _together(self.slices.get(feature, collections.Counter()), counts)

    def to_dict(self) -> dict[str, Any]:
        """As in summary.json: the fields, with every split named."""
        return {
            **dataclasses.asdict(self),
            **{name: _plain(getattr(self, name)) for name in _COUNTERS},
            "examples": {split: self.examples[split] for split in SPLITS},
            "labels": {split: _plain(self.labels[split]) for split in SPLITS},
            "slices": {
                feature: None if counts is None else _plain(counts) for feature, counts in sorted(self.slices.items())
            },
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Summary:
        """The inverse of `to_dict`."""
        counters: dict[str, Any] = {name: collections.Counter(values[name]) for name in _COUNTERS}
        counters["spans"] = collections.Counter({int(span): count for span, count in values["spans"].items()})
        counters["labels"] = {split: collections.Counter(values["labels"][split]) for split in SPLITS}
        counters["slices"] = {
            feature: None if counts is None else collections.Counter(counts)
            for feature, counts in values["slices"].items()
        }
        return cls(**(values | counters))


_COUNTERS = ("examples", "quarantined", "duplicates", "repeated", "spans", "references")


def _together(
    counts: collections.Counter[str] | None, others: collections.Counter[str] | None
) -> collections.Counter[str] | None:
    if counts is None or others is None:
        return None
    total = counts + others
    return total if len(total) <= MOST_VALUES else None


def _plain(counter: collections.Counter[Any]) -> dict[str, int]:
    return {str(key): counter[key] for key in sorted(counter)}


@dataclasses.dataclass
class Report:
    """What one worker has to say: counts, and the rows that cannot be used.

    It holds a bounded number of these rows: more are written into `folder`, each of `runs` a file of them in order.
    """

    summary: Summary = dataclasses.field(default_factory=Summary)
    bad_rows: list[BadRow] = dataclasses.field(default_factory=list)
    runs: list[str] = dataclasses.field(default_factory=list)
    folder: str | None = None

    def reject(self, row: BadRow) -> None:
        """Takes a row into quarantine."""
        self.summary.quarantined[row.reason] += 1
        self.bad_rows.append(row)
        if self.folder is not None and len(self.bad_rows) >= _HELD_ROWS:
            self._write_run(self.folder)

    def _write_run(self, folder: str) -> None:
        fileio.makedirs(folder)
        self.runs.append(f"{folder}/{uuid.uuid4().hex}.jsonl")
        _write_rows(sorted(self.bad_rows), self.runs[-1])
        self.bad_rows = []


def merge(reports: Iterable[Report]) -> Report:
    """All reports as one."""
    total = Report()
    for report in reports:
        total.summary.add(report.summary)
        total.bad_rows.extend(report.bad_rows)
        total.runs.extend(report.runs)
    return total


def write(report: Report, folder: str) -> None:
    """Writes rows.jsonl, by file and line, and summary.json."""
    fileio.makedirs(folder)
    rows = heapq.merge(sorted(report.bad_rows), *map(_read_rows, report.runs))
    _write_rows(rows, f"{folder}/{ROWS_FILE}")
    with fileio.open(f"{folder}/{SUMMARY_FILE}", "w") as file:
        file.write(json.dumps(report.summary.to_dict(), indent=2) + "\n")


def _write_rows(rows: Iterable[BadRow], path: str) -> None:
    with fileio.open(path, "wb") as file:
        file.write(b"")  # without which TensorFlow's file system makes no file
        for row in rows:
            # What is no UTF-8 is written as the JSON escape of its lone surrogate.
            file.write(f"{json.dumps(row._asdict(), ensure_ascii=False)}\n".encode(errors="backslashreplace"))


def read_summary(folder: str) -> Summary:
    """The account that `write` wrote."""
    with fileio.open(f"{folder}/{SUMMARY_FILE}") as file:
        return Summary.from_dict(json.loads(file.read()))


def read_rows(folder: str) -> Iterator[BadRow]:
    """The rows that `write` wrote, by file and line."""
    return _read_rows(f"{folder}/{ROWS_FILE}")


def _read_rows(path: str) -> Iterator[BadRow]:
    with fileio.open(path, "rb") as file:
        for line in file:
            yield BadRow(**json.loads(line))


def keep(folder: str, kept: str) -> None:
    """Copies the quarantine to another folder. TFX deletes the outputs of a step that fails."""
    fileio.makedirs(kept)
    for name in (ROWS_FILE, SUMMARY_FILE):
        fileio.copy(f"{folder}/{name}", f"{kept}/{name}", overwrite=True)
