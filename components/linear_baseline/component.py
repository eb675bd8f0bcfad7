"""LinearBaseline: the TFX face of the step that learns what a model of two minutes' work would answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components.linear_baseline import executor
from components.linear_baseline.artifact import LinearPredictions


class LinearBaselineSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of `LinearBaseline`."""

    PARAMETERS = {
        executor.SETTINGS: component_spec.ExecutionParameter(type=str),
        executor.CODE: component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {executor.EXAMPLES: component_spec.ChannelParameter(type=standard_artifacts.Examples)}
    OUTPUTS = {executor.PREDICTIONS: component_spec.ChannelParameter(type=LinearPredictions)}


class LinearBaseline(base_component.BaseComponent):
    """TF-IDF and logistic regression on the train split: a BERT that cannot beat that is not worth serving.

    Thresholds and temperature are worked out on the eval split as the Trainer's are, so that the comparison is fair.

    Output `predictions`: a LinearPredictions, with the scores of the eval and the test split.
    """

    SPEC_CLASS = LinearBaselineSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(self, examples: types.BaseChannel, settings: Mapping[str, Any], code: str) -> None:
        """
        Args:
            examples: raw Examples, as example_gen wrote them.
            settings: see `settings.Task`.
            code: fingerprint of the code that runs here, so that cached predictions are used only while it is the same.
        """
        spec = LinearBaselineSpec(
            examples=examples,
            settings=json.dumps(settings, sort_keys=True),
            code=code,
            predictions=types.Channel(type=LinearPredictions),
        )
        super().__init__(spec=spec)
