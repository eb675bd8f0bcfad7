"""What TextExampleGen does: a Beam pipeline from files to examples, then the guards over its account.

Two stages, one shuffle. Reading: every row is examined where it is read, and what can be an example goes to the shard
that its id belongs to. Writing: a shard holds all rows of its texts, so that duplicates are found there, and writes
its part of every split in the order of the ids.
"""

from __future__ import annotations

import collections
import contextlib
import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import tensorflow as tf
from apache_beam import pvalue
from tfx import types
from tfx.components.example_gen import utils
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils

from components.errors import DataError
from components.example_gen import duplicates, examples, guards, quarantine, sources
from components.example_gen.fingerprint import data_digest
from components.example_gen.quarantine import Report
from components.example_gen.rows import BadRow, Candidate, examine
from components.example_gen.settings import DataSettings, LabelSettings
from components.example_gen.sources import SourceFile
from components.features import SPLITS

DATA = "data"
LABELS = "labels"
FINGERPRINT = "fingerprint"
CODE = "code"
EXAMPLES = "examples"
QUARANTINE = "quarantine"

# A gzipped file cannot be divided, so this is how many workers can read a split at once in later steps.
SHARDS = 4

_REPORTS = "reports"
_ROWS_AT_ONCE = 500  # Beam's cost is by element: rows travel together


class Executor(base_beam_executor.BaseBeamExecutor):
    """Reads, quarantines, splits, drops duplicates, writes, and checks that no row was lost."""

    def Do(  # noqa: N802 (the name is TFX's)
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes both outputs.

        Raises:
            ConfigError: the source is unknown, its path and span do not go together, or its labels have no name.
            DataError: the data cannot be read or changed meanwhile, too much of it cannot be used, or a split lacks a
                label. In the two latter cases the quarantine stays beside the output's folder, its name ending in
                `-stopped`.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        section = json.loads(exec_properties[DATA])
        data = sources.resolve(DataSettings.from_dict(section))
        section["span"] = data.span  # a span that comes meanwhile is the next run's
        labels = LabelSettings.from_dict(json.loads(exec_properties[LABELS]))
        files = sources.checked_files(data, labels)
        output = artifact_utils.get_single_instance(output_dict[EXAMPLES])
        _describe(output, data.span)
        folders = {split: artifact_utils.get_split_uri([output], split) for split in SPLITS}
        aside = artifact_utils.get_single_instance(output_dict[QUARANTINE]).uri
        with self._make_beam_pipeline() as pipeline:
            _build(pipeline, sources.divide(data, files), data, labels, folders, aside)
        _check_unchanged(section, exec_properties[FINGERPRINT])
        _guard(data, labels, aside)


def _check_unchanged(section: dict[str, Any], fingerprint: str) -> None:
    """What was read is what the fingerprint, which the result is cached under, was taken of."""
    if data_digest(section) != fingerprint:
        raise DataError(f"data.path {section.get('path')!r} changed while it was being read; start a new run")


def _guard(data: DataSettings, labels: LabelSettings, aside: str) -> None:
    summary, bad = quarantine.read_summary(aside), quarantine.read_rows(aside)
    kept = f"{aside}-stopped"
    try:
        guards.check(summary, data, labels.names, bad, f"{kept}/{quarantine.ROWS_FILE}")
    except DataError:
        quarantine.keep(aside, kept)
        raise


def _describe(output: types.Artifact, span: int | str) -> None:
    """Marks the Examples as TFX's own ExampleGens do, so that every stock component reads them.

    Without spans the number is 0, as theirs is. It stands twice, since StatisticsGen hands on the property.
    """
    number = span if isinstance(span, int) else 0
    output.split_names = artifact_utils.encode_split_names(list(SPLITS))
    output.set_string_custom_property(utils.PAYLOAD_FORMAT_PROPERTY_NAME, "FORMAT_TF_EXAMPLE")
    output.set_string_custom_property(utils.FILE_FORMAT_PROPERTY_NAME, "tfrecords_gzip")
    output.span = number
    output.set_int_custom_property(utils.SPAN_PROPERTY_NAME, number)
    output.set_int_custom_property(utils.VERSION_PROPERTY_NAME, 0)


def _build(
    pipeline: beam.Pipeline,
    work: list[list[SourceFile]],
    data: DataSettings,
    labels: LabelSettings,
    folders: dict[str, str],
    aside: str,
) -> None:
    """The Beam pipeline: files -> (shard, rows) -> examples in `folders` by split, and all reports -> `aside`."""
    read = (
        pipeline
        | "Files" >> beam.Create(work, reshuffle=True)
        | "Read" >> beam.ParDo(_Read(data, labels)).with_outputs(_REPORTS, main="rows")
    )
    # Every shard is written, so that the names of the files do not depend on the data.
    no_rows = pipeline | "EveryShard" >> beam.Create([(shard, []) for shard in range(SHARDS)])
    written = (
        (read.rows, no_rows)
        | "AllRows" >> beam.Flatten()
        | "ByShard" >> beam.GroupByKey()
        | "Write" >> beam.ParDo(_Write(data, labels, folders))
    )
    _ = (
        (read[_REPORTS], written)
        | "AllReports" >> beam.Flatten()
        | "Merge" >> beam.CombineGlobally(quarantine.merge)
        | "Quarantine" >> beam.Map(quarantine.write, aside)
    )


class _Read(beam.DoFn):
    """Files -> (shard, candidates) in batches, and a report."""

    def __init__(self, data: DataSettings, labels: LabelSettings) -> None:
        super().__init__()
        self._data = data
        self._labels = labels

    def process(self, files: list[SourceFile]) -> Iterator[Any]:
        report = Report()
        batches: dict[int, list[Candidate]] = collections.defaultdict(list)
        for candidate in self._candidates(files, report):
            shard = _shard_of(candidate)
            batches[shard].append(candidate)
            if len(batches[shard]) == _ROWS_AT_ONCE:
                yield shard, batches.pop(shard)
        yield from batches.items()
        yield pvalue.TaggedOutput(_REPORTS, report)

    def _candidates(self, files: list[SourceFile], report: Report) -> Iterator[Candidate]:
        for row in itertools.chain.from_iterable(sources.read(self._data, file) for file in files):
            report.summary.rows += 1
            result = row if isinstance(row, BadRow) else examine(row, self._data, self._labels)
            if result is None:
                report.summary.not_sampled += 1
            elif isinstance(result, BadRow):
                report.reject(result)
            else:
                yield result


class _Write(beam.DoFn):
    """(shard, batches of candidates) -> a file a split, and a report. Done again, it writes the same bytes."""

    def __init__(self, data: DataSettings, labels: LabelSettings, folders: dict[str, str]) -> None:
        super().__init__()
        self._bounds = data.length_bands
        self._names = labels.names
        self._folders = folders

    def process(self, element: tuple[int, Iterable[list[Candidate]]]) -> Iterator[Report]:
        shard, batches = element
        report = Report()
        with contextlib.ExitStack() as stack:
            writers = {split: stack.enter_context(_open(folder, shard)) for split, folder in self._folders.items()}
            for row in _unique(batches, report):
                writers[row.split].write(examples.to_example(row, self._names, self._bounds))
                report.summary.labels[row.split][row.label] += 1
        yield report


def _shard_of(candidate: Candidate) -> int:
    """Shards are ranges of the id, so that shard after shard is in the order of the ids too."""
    return int(candidate.id[:8], 16) * SHARDS >> 32


def _unique(batches: Iterable[list[Candidate]], report: Report) -> Iterator[Candidate]:
    """One row a text, in the order of the ids; what becomes of the others goes into the report."""
    rows = sorted(itertools.chain.from_iterable(batches))
    for _, same in itertools.groupby(rows, key=lambda row: row.id):
        resolution = duplicates.resolve(list(same))
        report.summary.duplicates += resolution.duplicates
        for row in resolution.conflicting:
            report.reject(row)
        yield from resolution.kept


def _open(folder: str, shard: int) -> tf.io.TFRecordWriter:
    fileio.makedirs(folder)
    name = f"data_tfrecord-{shard:05d}-of-{SHARDS:05d}.gz"
    return tf.io.TFRecordWriter(f"{folder}/{name}", tf.io.TFRecordOptions(compression_type="GZIP"))
