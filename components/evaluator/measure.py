"""Scores the examples with one or two models and computes their metrics, both by TensorFlow Model Analysis."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import apache_beam as beam
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2
from tfx.components.util import tfxio_utils
from tfx.types import artifact, artifact_utils
from tfx.utils import io_utils

from components.evaluator.gates import EXAMPLE_COUNT, INVALID_SCORES, OVERALL
from components.evaluator.scores import with_valid_scores
from components.precision import computing_in

# Attention takes tokens squared for every head and text: a large batch of long texts would fill the memory.
_BATCH_SIZE = 32

_NEED_BOTH_CLASSES = ("auc", "auc_pr")

Metrics = dict[str, dict[str, float]]


def measure(
    models: Mapping[str, str],
    examples: Sequence[artifact.Artifact],
    splits: Sequence[str],
    eval_config: config_pb2.EvalConfig,
    output: str,
    make_pipeline: Callable[[], beam.Pipeline],
) -> dict[str, Metrics]:
    """Metrics by model and slice, NaN where one is undefined. TFMA's own files are written to `output`.

    Args:
        models: name (CANDIDATE, or BASELINE too) to SavedModel folder.
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
            extractors=with_valid_scores(extractors),
            output_path=output,
        )
    return {name: read_metrics(output, name) for name in models}


def read_metrics(output: str, model: str) -> Metrics:
    """Slice to metric to value of one of the models that were measured into `output`; the whole first."""
    result = tfma.load_eval_result(output)
    if len(result.config.model_specs) > 1:
        result = tfma.load_eval_result(output, model_name=model)
    slices = {_slice_name(key): metrics for key, metrics in result.get_metrics_for_all_slices().items()}
    names = sorted(slices, key=lambda name: (name != OVERALL, name))
    return {name: _with_undefined(_plain(slices[name])) for name in names}


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


def _plain(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """TFMA's values as numbers (protobuf's JSON writes NaN as text), without the differences that it adds itself."""
    return {name: float(value["doubleValue"]) for name, value in metrics.items() if not name.endswith("_diff")}


def _with_undefined(metrics: dict[str, float]) -> dict[str, float]:
    """NaN for what has no meaning: everything where a score is no probability, areas where a class is missing.

    TFMA says NaN for the area under a curve of one class in some versions, and 0 in others.
    """
    invalid = metrics.pop("invalid_positives") + metrics.pop("invalid_negatives")
    positives = metrics["true_positives"] + metrics["false_negatives"]
    one_class = positives in (0, metrics[EXAMPLE_COUNT])
    undefined = set(metrics) - {EXAMPLE_COUNT} if invalid else set(_NEED_BOTH_CLASSES) if one_class else set()
    return {name: math.nan if name in undefined else value for name, value in metrics.items()} | {
        INVALID_SCORES: invalid
    }
