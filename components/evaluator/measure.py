"""Scores the examples with one or two models and computes their metrics, both by TensorFlow Model Analysis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import apache_beam as beam
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2
from tfx.components.util import tfxio_utils
from tfx.types import artifact, artifact_utils
from tfx.utils import io_utils

from components.evaluator.decisions import Decisions
from components.evaluator.figures import ByLabel, figures
from components.evaluator.gates import OVERALL
from components.evaluator.scores import with_valid_scores
from components.precision import computing_in

# Attention takes tokens squared for every head and text: a large batch of long texts would fill the memory.
_BATCH_SIZE = 32

Metrics = dict[str, dict[str, float]]


def measure(
    models: Mapping[str, str],
    decisions: Mapping[str, Decisions],
    examples: Sequence[artifact.Artifact],
    splits: Sequence[str],
    eval_config: config_pb2.EvalConfig,
    output: str,
    make_pipeline: Callable[[], beam.Pipeline],
) -> dict[str, Metrics]:
    """Metrics by model and slice, NaN where one is undefined. TFMA's own files are written to `output`.

    Args:
        models: name (CANDIDATE, or BASELINE too) to SavedModel folder.
        decisions: of each of them at least, by its name; all with the same labels.
        examples: Examples artifacts with all of the splits.
        splits: the splits that are measured, together.
        eval_config: from `build_eval_config`; specs of models that are not given are left out.
        output: folder that `tfma.load_eval_result` can read afterwards.
        make_pipeline: makes the Beam pipeline to run in.
    """
    config = _config_for(eval_config, models)
    shared_models = [
        tfma.default_eval_shared_model(path, model_name=name, eval_config=config) for name, path in models.items()
    ]
    with computing_in("float32"), make_pipeline() as pipeline:
        extractors = tfma.default_extractors(eval_shared_model=shared_models, eval_config=config)
        _ = _read(pipeline, examples, splits) | "ExtractEvaluateAndWriteResults" >> tfma.ExtractEvaluateAndWriteResults(
            eval_shared_model=shared_models,
            eval_config=config,
            extractors=with_valid_scores(extractors, decisions),
            output_path=output,
        )
    return {name: read_metrics(output, name, decisions[name]) for name in models}


def read_metrics(output: str, model: str, decisions: Decisions) -> Metrics:
    """Slice to metric to value of one of the models that were measured into `output`; the whole first."""
    result = tfma.load_eval_result(output)
    if len(result.config.model_specs) > 1:
        result = tfma.load_eval_result(output, model_name=model)
    slices = {_slice_name(key): _by_label(outputs) for key, outputs in result.slicing_metrics}
    names = sorted(slices, key=lambda name: (name != OVERALL, name))
    return {name: figures(slices[name], decisions.kind, decisions.scored) for name in names}


def _config_for(eval_config: config_pb2.EvalConfig, models: Mapping[str, str]) -> config_pb2.EvalConfig:
    config = config_pb2.EvalConfig()
    config.CopyFrom(eval_config)
    del config.model_specs[:]
    config.model_specs.extend(spec for spec in eval_config.model_specs if spec.name in models)
    return config


def _read(pipeline: beam.Pipeline, examples: Sequence[artifact.Artifact], splits: Sequence[str]) -> Any:
    """Arrow batches of every split."""
    make_tfxio = tfxio_utils.get_tfxio_factory_from_artifact(
        examples=list(examples),
        telemetry_descriptors=["Evaluator"],
        raw_record_column_name=tfma.ARROW_INPUT_COLUMN,
    )
    sources = [
        make_tfxio(io_utils.all_files_pattern(uri))
        for split in splits
        for uri in artifact_utils.get_split_uris(list(examples), split)
    ]
    return [
        pipeline | f"Read[{index}]" >> source.BeamSource(_BATCH_SIZE) for index, source in enumerate(sources)
    ] | "Flatten" >> beam.Flatten(pipeline=pipeline)


def _slice_name(key: Any) -> str:
    """Our name of a slice, from TFMA's (feature, value) pairs."""
    return ",".join(f"{feature}={value}" for feature, value in key) or OVERALL


def _by_label(outputs: Mapping[str, Any]) -> ByLabel:
    """TFMA's values (protobuf's JSON writes NaN as text) by label, without the differences that it adds itself."""
    found: ByLabel = {}
    for by_key in outputs.values():
        for key, metrics in by_key.items():
            numbers = {name: float(value["doubleValue"]) for name, value in metrics.items() if _is_own(name)}
            found.setdefault(_class_id(key), {}).update(numbers)
    return found


def _is_own(name: str) -> bool:
    return not name.endswith("_diff")


def _class_id(key: str) -> int | None:
    """The label's number in TFMA's key of its metrics ("classId:2"); None in that of the whole."""
    name, _, number = key.partition(":")
    return int(number) if name == "classId" else None
