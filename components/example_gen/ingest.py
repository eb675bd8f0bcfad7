"""From files to examples: a Beam pipeline, then the guards over its account.

Two stages with a shuffle through files between them (`buckets`). Reading: every row is examined where it is read, and
what can be an example is spilled by the bucket of its id. Writing: a bucket holds all rows of its texts, so that
duplicates are found there; a shard is a range of buckets, and its part of every split is in the order of the ids.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam
from apache_beam import pvalue
from tfx.dsl.io import fileio

from components.errors import DataError
from components.example_gen import guards, profile, quarantine, sampling
from components.example_gen.buckets import BUCKETS, Segment, Spill
from components.example_gen.job import Job
from components.example_gen.quarantine import Report, Summary
from components.example_gen.rows import DAMAGED, EXAMPLES, BadRow, Candidate, Passed, examine
from components.example_gen.shard import SHARDS, ShardWriter
from components.example_gen.sources import registry
from components.example_gen.sources.registry import SourceFile

_REPORTS, _POINTS = "reports", "points"


@dataclasses.dataclass(frozen=True)
class Folders:
    """Where the results go: examples by split, and the rest as their modules say."""

    examples: Mapping[str, str]
    quarantine: str
    profile: str
    spill: str


def ingest(new_pipeline: Callable[[], beam.Pipeline], job: Job, folders: Folders) -> Summary:
    """Reads, quarantines, samples, drops duplicates, splits and writes. No guard has looked at the result yet.

    Args:
        new_pipeline: makes the Beam pipeline.
        job: what is read.
        folders: where everything goes; `spill` is deleted in the end.
    """
    for leftover in (folders.spill, folders.profile):  # of an attempt that was killed
        _remove(leftover)
    try:
        with new_pipeline() as pipeline:
            _build(pipeline, job, folders)
    finally:
        _remove(folders.spill)
    profile.write_spans(folders.profile, job.newest_span, job.previous_span, job.data.serving is not None)
    return quarantine.read_summary(folders.quarantine)


def guard(job: Job, summary: Summary, folder: str) -> None:
    """Checks the account that `ingest` left in the quarantine's folder.

    Raises:
        DataError: too many rows cannot be used, a file is damaged, or a split is empty or lacks a label. The
            quarantine is kept beside its folder, in one whose name ends in `-stopped`: TFX deletes the outputs of a
            step that fails.
    """
    kept = f"{folder.rstrip('/')}-stopped"
    bad = quarantine.read_rows(folder)
    try:
        guards.check(summary, job.data, job.labels.names, bad, f"{kept}/{quarantine.ROWS_FILE}")
    except DataError:
        quarantine.keep(folder, kept)
        raise


def _remove(folder: str) -> None:
    if fileio.exists(folder):
        fileio.rmtree(folder)


def _build(pipeline: beam.Pipeline, job: Job, folders: Folders) -> None:
    """The Beam pipeline: files -> (shard, segments) -> examples by split, and all reports -> the quarantine."""
    read = (
        pipeline
        | "Files" >> beam.Create(registry.divide(job.data, job.files), reshuffle=True)
        | "Read" >> beam.ParDo(_Read(job, folders.spill)).with_outputs(_REPORTS, _POINTS, main="segments")
    )
    # Every shard is written, so that the names of the files do not depend on the data.
    no_segments = pipeline | "EveryShard" >> beam.Create([(shard, []) for shard in range(SHARDS)])
    up_to = (
        read[_POINTS]
        | "AllPoints" >> beam.combiners.ToList()
        | "Thresholds" >> beam.Map(sampling.thresholds, job.data.sample.fraction)
    )
    written = (
        (read.segments, no_segments)
        | "AllSegments" >> beam.Flatten()
        | "ByShard" >> beam.GroupByKey()
        | "Write" >> beam.ParDo(_Write(job, folders), pvalue.AsSingleton(up_to))
    )
    _ = (
        (read[_REPORTS], written)
        | "AllReports" >> beam.Flatten()
        | "Merge" >> beam.CombineGlobally(quarantine.merge)
        | "Quarantine" >> beam.Map(quarantine.write, folders.quarantine)
    )


class _Read(beam.DoFn):
    """Files -> (shard, segments of spilled rows), a report, and the sampling points where they are needed."""

    def __init__(self, job: Job, spill: str) -> None:
        super().__init__()
        self._job, self._spill = job, spill

    def process(self, files: list[SourceFile]) -> Iterator[Any]:
        report, points = Report(folder=self._spill), sampling.Points()
        stratify = self._job.data.sample.stratify
        with contextlib.closing(Spill(self._spill)) as spill:
            for candidate in self._candidates(files, report):
                spill.add(candidate)
                if stratify and candidate.role == EXAMPLES:
                    points.add(candidate)
        yield from _by_shard(spill.segments)
        yield pvalue.TaggedOutput(_REPORTS, report)
        if stratify:
            yield pvalue.TaggedOutput(_POINTS, points.to_bytes())

    def _candidates(self, files: list[SourceFile], report: Report) -> Iterator[Candidate]:
        data, labels = self._job.data, self._job.labels
        for file in files:
            for row in registry.read(data, labels, file):
                result = row if isinstance(row, BadRow) else examine(row, data, labels, file.span, file.role)
                if _account(result, file.role, report):
                    yield result  # pyright: ignore[reportReturnType]


def _account(result: Candidate | BadRow | Passed, role: str, report: Report) -> bool:
    """Counts a row; whether it goes on. Of files that are only compared with, only damage is put aside."""
    summary = report.summary
    if role != EXAMPLES and not (isinstance(result, BadRow) and result.reason == DAMAGED):
        usable = isinstance(result, Candidate)
        summary.references[role if usable else f"{role}, not used"] += 1
        return usable
    summary.rows += 1
    if isinstance(result, BadRow):
        report.reject(result)
    summary.not_sampled += result is Passed.NOT_SAMPLED
    summary.unlabelled += result is Passed.UNLABELLED
    return isinstance(result, Candidate)


def _by_shard(segments: Iterable[Segment]) -> Iterator[tuple[int, list[Segment]]]:
    def shard_of(segment: Segment) -> int:
        return segment.bucket * SHARDS // BUCKETS

    for shard, of_shard in itertools.groupby(sorted(segments), key=shard_of):
        yield shard, list(of_shard)


class _Write(beam.DoFn):
    """(shard, segments) -> a file a split, its part of the profiles, and a report."""

    def __init__(self, job: Job, folders: Folders) -> None:
        super().__init__()
        self._job, self._folders = job, folders

    def process(
        self, element: tuple[int, Iterable[list[Segment]]], up_to: Mapping[sampling.Labels, float]
    ) -> Iterator[Report]:
        shard, segments = element
        report = Report(folder=self._folders.spill)
        writer = ShardWriter(self._job, self._folders.examples, self._folders.profile, shard)
        writer.write(itertools.chain.from_iterable(segments), up_to, report)
        yield report
