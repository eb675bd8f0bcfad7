"""What TensorFlow Model Analysis (TFMA) computes: the models, metrics and slices, as its EvalConfig."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2

from components import features
from components.errors import ConfigError
from components.evaluator.gates import slice_feature
from components.signatures import SCORES, SERVING_EXAMPLES

CANDIDATE = "candidate"
BASELINE = "baseline"

# Stands in for a score that is no probability: above every threshold, so that it can be counted (see `scores.py`).
INVALID_SCORE = 2.0
_BETWEEN_VALID_AND_INVALID = 1.5

_ALWAYS_SLICED = (features.LENGTH_BAND,)


def build_eval_config(gates: Mapping[str, Any], threshold: float) -> config_pb2.EvalConfig:
    """The EvalConfig for a candidate and a baseline, both exported by the Trainer.

    Args:
        gates: the configuration's section `gates`, as plain values: every feature of its slices is sliced by.
        threshold: `labels.threshold`; a score at or above it is positive.

    Raises:
        ConfigError: the threshold is not between 0 and 1, or a gate's slice has not the form feature=value.
    """
    sliced = dict.fromkeys([*_ALWAYS_SLICED, *map(slice_feature, gates.get("slices") or {})])
    return config_pb2.EvalConfig(
        model_specs=[_model_spec(CANDIDATE), _model_spec(BASELINE)],
        metrics_specs=[config_pb2.MetricsSpec(metrics=list(_metrics(largest_negative_score(threshold))))],
        slicing_specs=[
            config_pb2.SlicingSpec(),
            *(config_pb2.SlicingSpec(feature_keys=[feature]) for feature in sliced),
        ],
        options=config_pb2.Options(include_default_metrics={"value": False}),
    )


def largest_negative_score(threshold: float) -> float:
    """The largest float32 below the threshold: `score > it` is `score >= threshold`, as the exported model decides.

    TFMA's metrics take a score above their threshold as positive, the model one at or above it, in float32.
    """
    if not 0 < threshold <= 1:
        raise ConfigError(f"labels.threshold: {threshold} is no threshold; give a number above 0 and at most 1")
    return float(np.nextafter(np.float32(threshold), np.float32(-1)))


def _model_spec(name: str) -> config_pb2.ModelSpec:
    return config_pb2.ModelSpec(
        name=name,
        # Said, so that TFMA does not try to load the SavedModel as a Keras model first.
        model_type=tfma.TF_GENERIC,
        signature_name=SERVING_EXAMPLES,
        label_key=features.TARGET,
        prediction_key=SCORES,
        is_baseline=name == BASELINE,
    )


def _metrics(threshold: float) -> Iterable[config_pb2.MetricConfig]:
    yield _metric("ExampleCount", "example_count")
    yield _metric("BinaryAccuracy", "accuracy", threshold=threshold)
    yield _metric("AUC", "auc")
    yield _metric("AUC", "auc_pr", curve="PR")
    yield _metric("Precision", "precision", thresholds=[threshold])
    yield _metric("Recall", "recall", thresholds=[threshold])
    # Keras' own: TFMA's BinaryCrossEntropy gives NaN for a score of exactly 0 or 1, and merges its parts wrongly.
    yield _metric("BinaryCrossentropy", "loss")
    for name in ("true_positives", "false_positives", "true_negatives", "false_negatives"):
        yield _metric(name.title().replace("_", ""), name, thresholds=[threshold])
    yield _metric("TruePositives", "invalid_positives", thresholds=[_BETWEEN_VALID_AND_INVALID])
    yield _metric("FalsePositives", "invalid_negatives", thresholds=[_BETWEEN_VALID_AND_INVALID])


def _metric(class_name: str, name: str, **settings: Any) -> config_pb2.MetricConfig:
    return config_pb2.MetricConfig(class_name=class_name, config=json.dumps({"name": name, **settings}))
