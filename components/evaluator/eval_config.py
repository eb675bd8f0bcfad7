"""What TensorFlow Model Analysis (TFMA) is told: the models, the metric and what is sliced by, as its EvalConfig."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2

from components import features
from components.evaluator import tfma_metric
from components.evaluator.decisions import Decisions
from components.evaluator.names import CANDIDATE, IDENTITY, LINEAR, SERVED, slice_feature
from components.signatures import SERVING_EXAMPLES

# Where an example has them.
_ALWAYS_SLICED = (features.LENGTH_BAND, features.LABEL, features.SPAN, features.SOURCE)


def build_eval_config(gates: Mapping[str, Any], columns: Sequence[str] = ()) -> config_pb2.EvalConfig:
    """The EvalConfig of a task: its models, and the features that their metrics are sliced by.

    Which decisions the metric goes by is known when the models are: see `for_models`.

    Args:
        gates: the configuration's section `gates`, as plain values: every feature of its slices is sliced by.
        columns: further features that are.

    Raises:
        ConfigError: a gate's slice has not the form feature=value.
    """
    gated = [slice_feature(name) for name in gates.get("slices") or {}]
    sliced = dict.fromkeys([*_ALWAYS_SLICED, *columns, *gated])
    return config_pb2.EvalConfig(
        model_specs=[_model_spec(name) for name in (CANDIDATE, SERVED, LINEAR)],
        slicing_specs=[
            config_pb2.SlicingSpec(),
            *(config_pb2.SlicingSpec(feature_keys=[feature]) for feature in sliced if feature != IDENTITY),
        ],
        options=config_pb2.Options(include_default_metrics={"value": False}),
    )


def for_models(
    eval_config: config_pb2.EvalConfig,
    decisions: Mapping[str, Decisions],
    groups: Sequence[str] = (),
    group_label: int = 0,
) -> config_pb2.EvalConfig:
    """The configuration for the models that there are.

    Args:
        eval_config: the task's.
        decisions: of the models that are measured, by their names.
        groups: of people, in the order of their bits.
        group_label: which of the scored labels the groups' areas are of.
    """
    config = config_pb2.EvalConfig()
    config.CopyFrom(eval_config)
    del config.model_specs[:]
    config.model_specs.extend(spec for spec in eval_config.model_specs if spec.name in decisions)
    kind, names = next((one.kind, one.names) for one in decisions.values())
    settings = {
        "kind": kind,
        "names": list(names),
        "thresholds": {model: list(one.thresholds) for model, one in decisions.items()},
        "groups": list(groups),
        "group_label": group_label,
    }
    metric = config_pb2.MetricConfig(
        class_name=tfma_metric.Figures.__name__, module=tfma_metric.__name__, config=json.dumps(settings)
    )
    config.metrics_specs.append(config_pb2.MetricsSpec(metrics=[metric], model_names=list(decisions)))
    return config


def sliced_features(eval_config: config_pb2.EvalConfig) -> list[str]:
    """The features that rows are sliced by."""
    return [spec.feature_keys[0] for spec in eval_config.slicing_specs if spec.feature_keys]


def _model_spec(name: str) -> config_pb2.ModelSpec:
    return config_pb2.ModelSpec(
        name=name,
        # Said, so that TFMA does not try to load the SavedModel as a Keras model first.
        model_type=tfma.TF_GENERIC,
        signature_name=SERVING_EXAMPLES,
        label_key=features.TARGET,
    )
