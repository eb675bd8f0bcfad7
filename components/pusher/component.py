"""Pusher: the TFX face of the step that publishes a blessed model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tfx import types
from tfx.components.pusher import component as tfx_pusher
from tfx.dsl.components.base import executor_spec
from tfx.proto import pusher_pb2
from tfx.types import component_spec, standard_artifacts, standard_component_specs

from components.example_gen.artifact import Quarantine
from components.pusher import executor


class PusherSpec(standard_component_specs.PusherSpec):
    """The stock inputs, outputs and parameters of `Pusher`; the model that the candidate was compared with, and what
    its card tells of data and training.
    """

    INPUTS = {
        **standard_component_specs.PusherSpec.INPUTS,
        executor.BASELINE: component_spec.ChannelParameter(type=standard_artifacts.Model, optional=True),
        executor.QUARANTINE: component_spec.ChannelParameter(type=Quarantine, optional=True),
        executor.MODEL_RUN: component_spec.ChannelParameter(type=standard_artifacts.ModelRun, optional=True),
    }


class Sources(NamedTuple):
    """What the model card tells of data and training: TextExampleGen's account of the rows, and the Trainer's record.
    Of what is None the card says that it is not known.
    """

    quarantine: types.BaseChannel | None = None
    model_run: types.BaseChannel | None = None


class Pusher(tfx_pusher.Pusher):
    """TFX's Pusher with our executor: versions appear whole, and each is higher than every one before.

    A subclass, because Kubeflow's runner recognises Pusher by class.

    Output `pushed_model`: TFX's PushedModel, with `push.json` in its folder (see `publish.Push`).
    """

    SPEC_CLASS = PusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        model: types.BaseChannel,
        model_blessing: types.BaseChannel,
        infra_blessing: types.BaseChannel,
        baseline: types.BaseChannel,
        sources: Sources,
        push_folder: str,
        custom_config: Mapping[str, Any],
    ) -> None:
        """
        Args:
            model: the candidate.
            model_blessing: the Evaluator's verdict on it.
            infra_blessing: the verdict of ServingCheck: both must bless it.
            baseline: the served model that the Evaluator compared it with (`ServedModel`): no other one is replaced.
            sources: what else the model card tells of.
            push_folder: TensorFlow Serving's base path, with a numbered sub-folder a version; made where it is missing.
            custom_config: `nonce`, something that no other run has, such as its id: anybody can change the folder at
                any time, so a push must never be answered from the cache, and one that is tried again must know its
                own work; `card`, what the model card tells of the configuration (`task` of `model_card.Facts`).
        """
        spec = PusherSpec(
            model=model,
            model_blessing=model_blessing,
            infra_blessing=infra_blessing,
            baseline=baseline,
            push_destination=_destination(push_folder),
            quarantine=sources.quarantine,
            model_run=sources.model_run,
            custom_config=json.dumps(custom_config, sort_keys=True),
            pushed_model=types.Channel(type=standard_artifacts.PushedModel),
        )
        # Past the stock constructor, which builds a spec of its own class and knows nothing of a baseline.
        super(tfx_pusher.Pusher, self).__init__(spec=spec)


def _destination(push_folder: str) -> Any:
    """A tfx PushDestination."""
    destination = pusher_pb2.PushDestination()  # pyright: ignore[reportAttributeAccessIssue]
    destination.filesystem.base_directory = push_folder
    return destination
