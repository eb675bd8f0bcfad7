"""ServingCheck: the TFX face of the step that decides whether a model can be served."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts
from tfx.types import standard_component_specs as keys

from components.serving_check import executor


class ServingCheckSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of `ServingCheck`."""

    PARAMETERS = {
        executor.SETTINGS: component_spec.ExecutionParameter(type=str),
        executor.CODE: component_spec.ExecutionParameter(type=str),
        executor.LAST_REFUSAL: component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        keys.MODEL_KEY: component_spec.ChannelParameter(type=standard_artifacts.Model),
        keys.EXAMPLES_KEY: component_spec.ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS = {keys.BLESSING_KEY: component_spec.ChannelParameter(type=standard_artifacts.InfraBlessing)}


class ServingCheck(base_component.BaseComponent):
    """Has a server process load the candidate and answer real and hostile requests before anybody depends on it.

    In the place of TFX's InfraValidator, whose server takes Docker or a cluster's API, and which Kubeflow's compiler
    refuses. The server is tensorflow_model_server where that is installed (which listens on every interface while it is
    asked), else ours, which keeps to this machine.

    Output `blessing`: TFX's InfraBlessing, which Pusher takes, with `report.json` beside it (see `check.Report`).
    """

    SPEC_CLASS = ServingCheckSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        model: types.BaseChannel,
        examples: types.BaseChannel,
        settings: Mapping[str, Any],
        code: str,
        last_refusal: str,
    ) -> None:
        """
        Args:
            model: the candidate.
            examples: raw Examples, as example_gen wrote them: its test split is asked.
            settings: the configuration's section `serving`, as plain values.
            code: fingerprint of the code that runs here and of the server, so that a cached blessing is used only while
                they are the same.
            last_refusal: `blessing.last_refusal` of the pipeline's artifacts, so that a refusal is never a cached one.
        """
        spec = ServingCheckSpec(
            model=model,
            examples=examples,
            settings=json.dumps(settings, sort_keys=True),
            code=code,
            last_refusal=last_refusal,
            blessing=types.Channel(type=standard_artifacts.InfraBlessing),
        )
        super().__init__(spec=spec)
