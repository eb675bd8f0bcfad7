"""ServedModel: the TFX face of the step that finds the model which users have now."""

from __future__ import annotations

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.served_model import executor


class ServedModelSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of `ServedModel`."""

    PARAMETERS = {
        executor.PUSH_FOLDER: component_spec.ExecutionParameter(type=str),
        executor.STATE: component_spec.ExecutionParameter(type=str),
        executor.CODE: component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {}
    OUTPUTS = {executor.MODEL: component_spec.ChannelParameter(type=standard_artifacts.Model)}


class ServedModel(base_component.BaseComponent):
    """The model that TensorFlow Serving serves from the push folder: the baseline that a candidate is compared with.

    What is served, not what was last blessed: a model that was rolled back is no baseline. Where nothing is served,
    as on a first run, the output holds no model (`executor.digest` tells).

    Output `model`: a Model with custom properties `version` (text; empty where nothing is served) and `digest`.
    """

    SPEC_CLASS = ServedModelSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(self, push_folder: str, state: str, code: str) -> None:
        """
        Args:
            push_folder: TensorFlow Serving's base path, with a numbered sub-folder a version.
            state: `components.model_folder.state_digest(push_folder)`, so that a cached result is used only while the
                same is served.
            code: fingerprint of the code that runs here, for the same reason.
        """
        spec = ServedModelSpec(
            push_folder=push_folder,
            state=state,
            code=code,
            model=channel.Channel(type=standard_artifacts.Model),
        )
        super().__init__(spec=spec)
