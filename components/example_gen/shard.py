"""Writes one shard: a range of the ids, with all rows of each of its texts."""

from __future__ import annotations

import collections
import contextlib
import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import tensorflow as tf
from tfx.dsl.io import fileio

from components.encoders.vocabulary import AnyVocabulary
from components.example_gen import duplicates, sampling
from components.example_gen.buckets import Segment, read_sorted
from components.example_gen.examples import to_example
from components.example_gen.job import Job
from components.example_gen.profile import NEWEST, PREVIOUS, SERVING, PartWriter
from components.example_gen.quarantine import Report
from components.example_gen.rows import EXAMPLES, Candidate
from components.example_gen.settings import DataSettings
from components.example_gen.slices import values_of
from components.example_gen.token_counts import TokenCount, TokenCounter

# A gzipped file cannot be divided, so this is how many workers can read a split at once in later steps.
SHARDS = 4
_TOKENISED_AT_ONCE = 512
_TOKENISED_BESIDE = 2  # batches
# The files are read three times and thrown away with the run: half of the compression for a fifth of its time.
_GZIP_LEVEL = 1


class Use(NamedTuple):
    """What a row is for: to be an example, to be in a part of the profiles, or both."""

    row: Candidate
    part: str | None
    is_example: bool


class ShardWriter:
    """Writes one shard. Done again, it writes the same bytes."""

    def __init__(self, job: Job, examples: Mapping[str, str], profile: str, shard: int) -> None:
        self._job, self._examples, self._shard = job, examples, shard
        self._parts = {part: PartWriter(profile, part, shard) for part in (NEWEST, PREVIOUS, SERVING)}

    def write(self, segments: Iterable[Segment], up_to: Mapping[sampling.Labels, float], report: Report) -> None:
        """Writes a file a split, and the profiles.

        Args:
            segments: where the shard's rows lie.
            up_to: `sampling.thresholds` where the sample is stratified.
            report: takes what became of the rows.
        """
        data, labels = self._job.data, self._job.labels
        texts = itertools.groupby(read_sorted(segments), key=lambda row: row.id)
        uses = itertools.chain.from_iterable(self._uses(list(same), up_to, report) for _, same in texts)
        with contextlib.ExitStack() as stack:
            writers = {
                split: stack.enter_context(_open(folder, self._shard)) for split, folder in self._examples.items()
            }
            for use, tokens in self._counted(uses):
                row = use.row
                if use.part is not None:
                    self._parts[use.part].add(row.labels, row.words, row.characters, *tokens)
                if use.is_example:
                    writers[row.split].write(to_example(row, tokens, labels, data))
        for part in self._parts.values():
            part.flush()

    def _uses(self, same: list[Candidate], up_to: Mapping[sampling.Labels, float], report: Report) -> Iterator[Use]:
        """The rows of one text that are for anything: examples, and a row for each part of the profiles."""
        candidates = [row for row in same if row.role == EXAMPLES]
        resolution = duplicates.resolve(candidates, self._job.data.duplicates) if candidates else None
        kept = [] if resolution is None else [row for row in resolution.kept if self._is_sampled(row, up_to)]
        if resolution is not None:
            _account(resolution, kept, report, self._job.data)
        parts = set()
        for row in same:
            part = self._part_of(row, up_to)
            if part in parts:
                part = None
            parts.add(part)
            if part is not None or row in kept:
                yield Use(row, part, row in kept)

    def _is_sampled(self, row: Candidate, up_to: Mapping[sampling.Labels, float]) -> bool:
        return not self._job.data.sample.stratify or sampling.is_sampled(row, up_to)

    def _part_of(self, row: Candidate, up_to: Mapping[sampling.Labels, float]) -> str | None:
        """The part that the row is compared in. Rows of a sample are compared, not those that were left out of it."""
        if row.role == SERVING:
            return SERVING
        if row.span is None or (row.role == EXAMPLES and not self._is_sampled(row, up_to)):
            return None
        return {self._job.previous_span: PREVIOUS, self._job.newest_span: NEWEST}.get(row.span)

    def _counted(self, uses: Iterator[Use]) -> Iterator[tuple[Use, TokenCount]]:
        """Counts the tokens of a few batches beside what else is done: TensorFlow leaves Python's lock meanwhile."""
        counter = _counter(self._job.vocabulary)
        under_way: collections.deque[tuple[list[Use], Future[list[TokenCount]]]] = collections.deque()
        with ThreadPoolExecutor(_TOKENISED_BESIDE) as threads:
            while batch := list(itertools.islice(uses, _TOKENISED_AT_ONCE)):
                under_way.append((batch, threads.submit(_count, counter, batch)))
                if len(under_way) > _TOKENISED_BESIDE:
                    yield from _finished(*under_way.popleft())
            for each in under_way:
                yield from _finished(*each)


def _count(counter: TokenCounter, batch: list[Use]) -> list[TokenCount]:
    pairs = [use.row.text_pair or "" for use in batch] if batch[0].row.text_pair is not None else None
    return counter([use.row.text for use in batch], pairs)


def _finished(batch: list[Use], counts: Future[list[TokenCount]]) -> Iterator[tuple[Use, TokenCount]]:
    return zip(batch, counts.result(), strict=True)


def _account(resolution: duplicates.Resolution, kept: list[Candidate], report: Report, data: DataSettings) -> None:
    summary = report.summary
    summary.not_sampled += len(resolution.kept) - len(kept)
    summary.duplicates.update(_some(resolution.dropped))
    summary.repeated.update(_some(resolution.repeated))
    summary.contradictions += resolution.contradictions
    for bad in resolution.conflicting:
        report.reject(bad)
    for row in kept:
        summary.examples[row.split] += 1
        summary.labels[row.split].update(row.labels)
        if row.span is not None:
            summary.spans[row.span] += 1
        for feature, value in values_of(row, data):
            summary.count_slice(feature, value)


def _some(counts: Mapping[str, int]) -> dict[str, int]:
    return {place: count for place, count in counts.items() if count}


@functools.lru_cache(maxsize=1)
def _counter(vocabulary: AnyVocabulary) -> TokenCounter:
    """One a process: building its graph takes a second."""
    return TokenCounter(vocabulary)


def _open(folder: str, shard: int) -> tf.io.TFRecordWriter:
    fileio.makedirs(folder)
    name = f"data_tfrecord-{shard:05d}-of-{SHARDS:05d}.gz"
    options = tf.io.TFRecordOptions(compression_type="GZIP", compression_level=_GZIP_LEVEL)
    return tf.io.TFRecordWriter(f"{folder}/{name}", options)
