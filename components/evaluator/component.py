"""Evaluator: the TFX face of the step that decides whether a model may be published."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tensorflow_model_analysis.proto import config_pb2
from tfx import types
from tfx.components.evaluator import component as tfx_evaluator
from tfx.dsl.components.base import executor_spec
from tfx.types import component_spec, standard_artifacts, standard_component_specs, system_executions

from components.evaluator import executor
from components.evaluator.eval_config import build_eval_config
from components.features import TEST
from components.linear_baseline.artifact import LinearPredictions


class EvaluatorSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of `Evaluator`: the stock ones that we use, and ours."""

    PARAMETERS = {
        standard_component_specs.EVAL_CONFIG_KEY: component_spec.ExecutionParameter(type=config_pb2.EvalConfig),
        standard_component_specs.EXAMPLE_SPLITS_KEY: component_spec.ExecutionParameter(type=str),
        executor.GATES: component_spec.ExecutionParameter(type=str),
        executor.LABELS: component_spec.ExecutionParameter(type=str),
        executor.CODE: component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        standard_component_specs.EXAMPLES_KEY: component_spec.ChannelParameter(type=standard_artifacts.Examples),
        standard_component_specs.MODEL_KEY: component_spec.ChannelParameter(type=standard_artifacts.Model),
        standard_component_specs.BASELINE_MODEL_KEY: component_spec.ChannelParameter(
            type=standard_artifacts.Model, optional=True
        ),
        executor.LINEAR_BASELINE: component_spec.ChannelParameter(type=LinearPredictions, optional=True),
    }
    OUTPUTS = {
        standard_component_specs.EVALUATION_KEY: component_spec.ChannelParameter(
            type=standard_artifacts.ModelEvaluation
        ),
        standard_component_specs.BLESSING_KEY: component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
    }
    TYPE_ANNOTATION = system_executions.Evaluate


class Evaluator(tfx_evaluator.Evaluator):
    """TFX's Evaluator with our executor: TensorFlow Model Analysis computes, our gates give the verdict.

    A subclass, because Kubeflow's runner recognises Evaluator, and converts its blessing, by class.

    Outputs: `evaluation` (what TFMA wrote) and `blessing` (TFX's, with `verdict.json` beside it: see `gates.Verdict`).
    """

    SPEC_CLASS = EvaluatorSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(executor.Executor)

    def __init__(
        self,
        examples: types.BaseChannel,
        model: types.BaseChannel,
        baseline_model: types.BaseChannel | None,
        linear_baseline: types.BaseChannel | None,
        gates: Mapping[str, Any],
        labels: Mapping[str, Any],
        columns: Sequence[str],
        code: str,
    ) -> None:
        """
        Args:
            examples: raw Examples, as example_gen wrote them, of which those of the split `test` are judged.
            model: the candidate, with the signature `serving_examples`.
            baseline_model: what is served now (`ServedModel`), or None to compare with nothing.
            linear_baseline: LinearBaseline's scores of the same examples, or None to compare with none.
            gates: the configuration's section `gates`, as plain values (see `gates.judge`).
            labels: `kind`, `names` and `threshold` of its section `labels`, as plain values; a model that says how it
                answers (`signatures.DECISIONS_FILE`) is judged by that, and another by the threshold.
            columns: features of the user's own that metrics are sliced by, beside those that every example has.
            code: fingerprint of the code that runs here, so that a cached verdict is used only while it is the same.
        """
        spec = EvaluatorSpec(
            examples=examples,
            model=model,
            baseline_model=baseline_model,
            linear_baseline=linear_baseline,
            eval_config=build_eval_config(gates, columns),
            example_splits=json.dumps([TEST]),
            gates=json.dumps(gates, sort_keys=True),
            labels=json.dumps(labels, sort_keys=True),
            code=code,
            evaluation=types.Channel(type=standard_artifacts.ModelEvaluation),
            blessing=types.Channel(type=standard_artifacts.ModelBlessing),
        )
        # Past the stock constructor, which builds a spec of its own class and knows nothing of gates.
        super(tfx_evaluator.Evaluator, self).__init__(spec=spec)
