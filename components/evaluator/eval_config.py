"""What TensorFlow Model Analysis (TFMA) computes: the models, metrics and slices, as its EvalConfig."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2

from components import features
from components.evaluator.decisions import default_decisions
from components.evaluator.figures import COUNTS, INVALID_NEGATIVES, INVALID_POSITIVES
from components.evaluator.gates import EXAMPLE_COUNT, LOSS, slice_feature
from components.features import MULTICLASS
from components.signatures import SCORES, SERVING_EXAMPLES

CANDIDATE = "candidate"
BASELINE = "baseline"

# What a model decides by its scores, [batch, labels], 0 or 1: thresholds differ by model, TFMA's are one for all.
DECIDED = "decided"

# Stands in for a score that is no probability: above every threshold, so that it can be counted (see `scores.py`).
INVALID_SCORE = 2.0
_BETWEEN_VALID_AND_INVALID = 1.5
_BETWEEN_NO_AND_YES = 0.5

_ALWAYS_SLICED = (features.LENGTH_BAND,)


def build_eval_config(gates: Mapping[str, Any], labels: Mapping[str, Any]) -> config_pb2.EvalConfig:
    """The EvalConfig for a candidate and a baseline, both exported by the Trainer.

    Args:
        gates: the configuration's section `gates`, as plain values: every feature of its slices is sliced by.
        labels: `kind`, `names` and `threshold` of its section `labels`, as plain values.

    Raises:
        ConfigError: a gate's slice has not the form feature=value.
    """
    sliced = dict.fromkeys([*_ALWAYS_SLICED, *map(slice_feature, gates.get("slices") or {})])
    return config_pb2.EvalConfig(
        model_specs=[_model_spec(CANDIDATE), _model_spec(BASELINE)],
        metrics_specs=list(_metrics_specs(labels)),
        slicing_specs=[
            config_pb2.SlicingSpec(),
            *(config_pb2.SlicingSpec(feature_keys=[feature]) for feature in sliced),
        ],
        options=config_pb2.Options(include_default_metrics={"value": False}),
    )


def _model_spec(name: str) -> config_pb2.ModelSpec:
    return config_pb2.ModelSpec(
        name=name,
        # Said, so that TFMA does not try to load the SavedModel as a Keras model first.
        model_type=tfma.TF_GENERIC,
        signature_name=SERVING_EXAMPLES,
        label_key=features.TARGET,
        is_baseline=name == BASELINE,
    )


def _metrics_specs(labels: Mapping[str, Any]) -> Iterable[config_pb2.MetricsSpec]:
    """The metrics of the whole, and those of each label, which TFMA computes one by one."""
    one_of_many = labels["kind"] == MULTICLASS
    count = _metric("ExampleCount", EXAMPLE_COUNT)
    loss = [_metric("CategoricalCrossentropy", LOSS)] if one_of_many else []
    yield config_pb2.MetricsSpec(output_names=[SCORES], metrics=[count, *loss])
    by_label = _by_label(len(default_decisions(labels).scored))
    scores = list(_of_scores(with_loss=not one_of_many))
    yield config_pb2.MetricsSpec(output_names=[SCORES], metrics=scores, **by_label)
    yield config_pb2.MetricsSpec(output_names=[DECIDED], metrics=list(_of_decisions()), **by_label)


def _by_label(labels: int) -> dict[str, Any]:
    if labels == 1:
        return {}
    return {"binarize": config_pb2.BinarizationOptions(class_ids={"values": list(range(labels))})}


def _of_scores(with_loss: bool) -> Iterable[config_pb2.MetricConfig]:
    yield _metric("AUC", "auc")
    yield _metric("AUC", "auc_pr", curve="PR")
    if with_loss:
        # Keras' own: TFMA's BinaryCrossEntropy gives NaN for a score of exactly 0 or 1, and merges its parts wrongly.
        yield _metric("BinaryCrossentropy", LOSS)
    yield _metric("TruePositives", INVALID_POSITIVES, thresholds=[_BETWEEN_VALID_AND_INVALID])
    yield _metric("FalsePositives", INVALID_NEGATIVES, thresholds=[_BETWEEN_VALID_AND_INVALID])


def _of_decisions() -> Iterable[config_pb2.MetricConfig]:
    for name in COUNTS:
        yield _metric(name.title().replace("_", ""), name, thresholds=[_BETWEEN_NO_AND_YES])


def _metric(class_name: str, name: str, **settings: Any) -> config_pb2.MetricConfig:
    return config_pb2.MetricConfig(class_name=class_name, config=json.dumps({"name": name, **settings}))
