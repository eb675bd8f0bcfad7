"""Scores the examples with one or two models, and measures them with the linear baseline beside them: a run of TFMA."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa
import tensorflow_model_analysis as tfma
from apache_beam.options.pipeline_options import TypeOptions
from tensorflow_model_analysis.evaluators import metrics_plots_and_validations_evaluator as tfma_evaluator
from tensorflow_model_analysis.extractors import predictions_extractor
from tensorflow_model_analysis.proto import config_pb2
from tfx.dsl.io import fileio
from tfx.types import artifact, artifact_utils
from tfx.utils import io_utils

from components.evaluator import predictions, scoring_progress, tfma_metric
from components.evaluator.decisions import Decisions
from components.evaluator.eval_config import for_models, sliced_features
from components.evaluator.linear import LinearScores
from components.evaluator.names import IDENTITY, OVERALL
from components.evaluator.reading import read_batches
from components.evaluator.rows import ROWS, AddScores, ReadRows
from components.evaluator.survey import survey
from components.precision import computing_in

_TABLE = "predictions"
_SCORE, _BLOCKS = "AddScores", "ExtractBlocks"

Metrics = dict[str, dict[str, float]]


@dataclasses.dataclass(frozen=True)
class Task:
    """What is judged, whatever the models.

    Attributes:
        examples: Examples artifacts with all of the splits.
        splits: those that are judged, together.
        eval_config: from `build_eval_config`.
        output: folder that `tfma.load_eval_result` and `read_predictions` can read afterwards.
        gated: the features that gates are set for in a slice: they are sliced by whatever there is of them.
        make_pipeline: makes the Beam pipeline to run in.
        terms: of each group of people, by its name.
        group_label: which of the scored labels the groups' areas are of.
    """

    examples: Sequence[artifact.Artifact]
    splits: Sequence[str]
    eval_config: config_pb2.EvalConfig
    output: str
    make_pipeline: Callable[[], beam.Pipeline]
    gated: Collection[str] = ()
    terms: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    group_label: int = 0


def measure(
    task: Task, models: Mapping[str, str], decisions: Mapping[str, Decisions], linear: LinearScores | None = None
) -> dict[str, Metrics]:
    """Metrics by model and slice, NaN where one is undefined. TFMA's own files, and the predictions, are written.

    Args:
        task: what is judged.
        models: name (CANDIDATE, or SERVED too) to SavedModel folder.
        decisions: of each of them, and of LINEAR where there is one; all with the same labels.
        linear: the linear baseline's scores, or None.
    """
    config = for_models(task.eval_config, decisions, list(task.terms), task.group_label)
    with_folder = config_pb2.EvalConfig()
    with_folder.CopyFrom(config)
    del with_folder.model_specs[:]
    with_folder.model_specs.extend(spec for spec in config.model_specs if spec.name in models)
    shared = [
        tfma.default_eval_shared_model(path, model_name=name, eval_config=with_folder) for name, path in models.items()
    ]
    files = _files(task)
    known = survey(files)
    scoring_progress.begin(known.examples)
    sliced = [name for name in sliced_features(config) if name in task.gated or name not in known.not_worth]
    predict = predictions_extractor.PredictionsExtractor(eval_config=with_folder, eval_shared_model=shared)
    with computing_in("float32"), task.make_pipeline() as pipeline:
        # It would compare the types of TFMA's own steps, which takes a sixth of what the pipeline costs by itself.
        pipeline.options.view_as(TypeOptions).pipeline_type_check = False
        _ = (
            pipeline
            | "Files" >> beam.Create(files)
            | "Read" >> beam.FlatMap(read_batches)
            | "ReadRows" >> beam.Map(ReadRows(sliced, task.terms))
            | tfma.ExtractAndEvaluate(
                extractors=[
                    predict,
                    tfma.extractors.Extractor(_SCORE, beam.Map(AddScores(linear))),
                    tfma.extractors.Extractor(_BLOCKS, beam.ParDo(tfma_metric.ExtractBlocks())),
                ],
                evaluators=[
                    tfma_evaluator.MetricsPlotsAndValidationsEvaluator(config, run_after=_BLOCKS),
                    tfma.evaluators.Evaluator(_TABLE, _SCORE, _CollectTable(decisions)),
                ],
            )
            | tfma.WriteResults(
                writers=[
                    tfma.writers.EvalConfigWriter(task.output, eval_config=config),
                    # TFMA's metrics alone: building the writers of what nobody asked for takes a second.
                    tfma.writers.MetricsPlotsAndValidationsWriter(
                        output_paths={tfma.METRICS_KEY: f"{task.output}/{tfma.METRICS_KEY}"},
                        eval_config=config,
                        output_file_format="tfrecord",
                    ),
                    tfma.writers.Writer(_TABLE, _WriteTable(task.output)),
                ]
            )
        )
    return read_metrics(task.output, decisions)


def read_metrics(output: str, models: Collection[str]) -> dict[str, Metrics]:
    """Model to slice to metric to value, of the models that were measured into `output`; the whole first."""
    found: dict[str, Metrics] = {model: {} for model in models}
    for of_slice in tfma.load_metrics(output):
        name = _slice_name(of_slice.slice_key)
        for figure in of_slice.metric_keys_and_values:
            # TFMA names no model where there is one alone.
            of_model = found[figure.key.model_name] if len(found) > 1 else next(iter(found.values()))
            of_model.setdefault(name, {})[figure.key.name] = figure.value.double_value.value
    return {model: _with_bias(dict(sorted(slices.items(), key=_overall_first))) for model, slices in found.items()}


class _CollectTable(beam.PTransform):
    """Batches -> the table of all rows."""

    def __init__(self, decisions: Mapping[str, Decisions]) -> None:
        super().__init__()
        self._decisions = dict(decisions)

    def expand(self, input_or_inputs: Any) -> dict[str, Any]:
        tables = input_or_inputs | "Table" >> beam.Map(_table, self._decisions)
        # Joined as they come: a list of them would go through Beam's coders one table after the other.
        return {_TABLE: tables | "AllTables" >> beam.CombineGlobally(_joined).without_defaults()}


def _table(extracts: dict[str, Any], decisions: Mapping[str, Decisions]) -> pa.Table:
    rows = extracts[ROWS]
    return predictions.make_table(rows.ids, rows.targets, rows.slices, rows.scores, decisions)


def _joined(tables: Iterable[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables)


class _WriteTable(beam.PTransform):
    """The table -> a file."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = folder

    def expand(self, input_or_inputs: Any) -> Any:
        return input_or_inputs[_TABLE] | "WriteTable" >> beam.Map(_write, self._folder)


def _write(table: pa.Table, folder: str) -> None:
    predictions.write_table(table.combine_chunks(), folder)


def _files(task: Task) -> list[str]:
    """The files of every split."""
    uris = [uri for split in task.splits for uri in artifact_utils.get_split_uris(list(task.examples), split)]
    return sorted(str(file) for uri in uris for file in fileio.glob(io_utils.all_files_pattern(uri)))


def _slice_name(key: Any) -> str:
    """Our name of a slice, from TFMA's, whose values are of any type."""
    values = (f"{one.column}={_text(getattr(one, one.WhichOneof('kind')))}" for one in key.single_slice_keys)
    return ",".join(values) or OVERALL


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _overall_first(of_slice: tuple[str, Any]) -> tuple[bool, str]:
    return of_slice[0] != OVERALL, of_slice[0]


def _with_bias(slices: Metrics) -> Metrics:
    """The areas of groups, which are of rows outside of them too, from the whole to the groups' own slices."""
    moved = dict(_bias_figures(slices.get(OVERALL, {})))
    for (name, metric), value in moved.items():
        slices[name][metric] = value
        del slices[OVERALL][f"{name}/{metric}"]
    return slices


def _bias_figures(overall: Mapping[str, float]) -> Iterator[tuple[tuple[str, str], float]]:
    for name, value in overall.items():
        if name.startswith(f"{IDENTITY}="):
            slice_name, _, metric = name.rpartition("/")
            yield (slice_name, metric), value
