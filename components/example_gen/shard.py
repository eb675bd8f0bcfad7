"""Writes one shard: a range of the ids, with all rows of each of its texts."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import tensorflow as tf
from tfx.dsl.io import fileio

from components.encoders.vocabulary import Vocabulary
from components.example_gen import duplicates, sampling
from components.example_gen.buckets import Segment, read_sorted
from components.example_gen.examples import to_example
from components.example_gen.job import Job
from components.example_gen.profile import NEWEST, PREVIOUS, SERVING, PartWriter
from components.example_gen.quarantine import Report
from components.example_gen.rows import EXAMPLES, Candidate
from components.example_gen.token_counts import TokenCount, TokenCounter

# A gzipped file cannot be divided, so this is how many workers can read a split at once in later steps.
SHARDS = 4
_TOKENISED_AT_ONCE = 512
# The files are read three times and thrown away with the run: half of the compression for a fifth of its time.
_GZIP_LEVEL = 1


class Counted(NamedTuple):
    """A row and the count of its tokens."""

    row: Candidate
    tokens: TokenCount


class ShardWriter:
    """Writes one shard. Done again, it writes the same bytes."""

    def __init__(self, job: Job, examples: Mapping[str, str], profile: str, shard: int) -> None:
        self._job, self._examples, self._shard = job, examples, shard
        self._parts = {part: PartWriter(profile, part, shard) for part in (NEWEST, PREVIOUS, SERVING)}

    def write(self, segments: Iterable[Segment], up_to: Mapping[sampling.Labels, float]) -> Report:
        """Writes a file a split, and the profiles.

        Args:
            segments: where the shard's rows lie.
            up_to: `sampling.thresholds` where the sample is stratified.

        Returns:
            What became of the rows.
        """
        report = Report()
        rows = self._sampled(read_sorted(segments), up_to, report)
        with contextlib.ExitStack() as stack:
            writers = {
                split: stack.enter_context(_open(folder, self._shard)) for split, folder in self._examples.items()
            }
            for same in self._texts(self._counted(rows)):
                for row, tokens in self._kept(same, report):
                    writers[row.split].write(to_example(row, tokens, self._job.labels, self._job.data.length_bands))
        for part in self._parts.values():
            part.flush()
        return report

    def _sampled(
        self, rows: Iterable[Candidate], up_to: Mapping[sampling.Labels, float], report: Report
    ) -> Iterator[Candidate]:
        stratify = self._job.data.sample.stratify
        for row in rows:
            if not stratify or row.role != EXAMPLES or sampling.is_sampled(row, up_to):
                yield row
            else:
                report.summary.not_sampled += 1

    def _counted(self, rows: Iterator[Candidate]) -> Iterator[Counted]:
        counter = _counter(self._job.vocabulary)
        while batch := list(itertools.islice(rows, _TOKENISED_AT_ONCE)):
            texts = [row.text for row in batch]
            pairs = [row.text_pair or "" for row in batch] if batch[0].text_pair is not None else None
            yield from map(Counted, batch, counter(texts, pairs))

    def _texts(self, rows: Iterable[Counted]) -> Iterator[list[Counted]]:
        """The rows of each text that may become examples; all are added to the profiles first."""
        for _, same in itertools.groupby(rows, key=lambda counted: counted.row.id):
            together = list(same)
            for counted in together:
                self._add_to_profile(counted)
            yield [counted for counted in together if counted.row.role == EXAMPLES]

    def _add_to_profile(self, counted: Counted) -> None:
        row, tokens = counted
        if part := self._part_of(row):
            self._parts[part].add(row.labels, row.words, row.characters, *tokens)

    def _part_of(self, row: Candidate) -> str | None:
        previous = self._job.previous_span
        if row.role == SERVING:
            return SERVING
        if previous is None:
            return None
        return {previous: PREVIOUS, self._job.newest_span: NEWEST}.get(row.span)

    def _kept(self, same: list[Counted], report: Report) -> Iterator[Counted]:
        if not same:
            return
        resolution = duplicates.resolve([counted.row for counted in same], self._job.data.duplicates)
        _account(resolution, report)
        # Equal texts to identity may differ in their tokens, so each has the count that is its own.
        counts = {counted.row: counted.tokens for counted in same}
        for row in resolution.kept:
            yield Counted(row, counts[row])


def _account(resolution: duplicates.Resolution, report: Report) -> None:
    summary = report.summary
    summary.duplicates.update(_some(resolution.dropped))
    summary.repeated.update(_some(resolution.repeated))
    summary.contradictions += resolution.contradictions
    for bad in resolution.conflicting:
        report.reject(bad)
    for row in resolution.kept:
        summary.examples[row.split] += 1
        summary.labels[row.split].update(row.labels)
        summary.spans[row.span] += 1


def _some(counts: Mapping[str, int]) -> dict[str, int]:
    return {place: count for place, count in counts.items() if count}


@functools.lru_cache(maxsize=1)
def _counter(vocabulary: Vocabulary) -> TokenCounter:
    """One a process: building its graph takes a second."""
    return TokenCounter(vocabulary)


def _open(folder: str, shard: int) -> tf.io.TFRecordWriter:
    fileio.makedirs(folder)
    name = f"data_tfrecord-{shard:05d}-of-{SHARDS:05d}.gz"
    options = tf.io.TFRecordOptions(compression_type="GZIP", compression_level=_GZIP_LEVEL)
    return tf.io.TFRecordWriter(f"{folder}/{name}", options)
