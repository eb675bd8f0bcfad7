"""Pusher: the TFX face of the step that publishes a blessed model."""

from __future__ import annotations

from typing import Any

from tfx import types
from tfx.components.pusher import component as tfx_pusher
from tfx.dsl.components.base import executor_spec
from tfx.proto import pusher_pb2

from components.pusher import executor


class Pusher(tfx_pusher.Pusher):
    """TFX's Pusher with our executor: versions appear whole, and each is higher than every one before.

    A subclass, because Kubeflow's runner recognises Pusher by class.

    Output `pushed_model`: TFX's PushedModel, with `push.json` in its folder (see `publish.Push`).
    """

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)

    def __init__(
        self,
        model: types.BaseChannel,
        model_blessing: types.BaseChannel,
        push_folder: str,
        nonce: str,
    ) -> None:
        """
        Args:
            model: the candidate.
            model_blessing: the Evaluator's verdict on it.
            push_folder: TensorFlow Serving's base path, with a numbered sub-folder a version; made where it is missing.
            nonce: something that no other run has, such as its id: anybody can change the folder at any time, so a
                push must never be answered from the cache.
        """
        super().__init__(
            model=model,
            model_blessing=model_blessing,
            push_destination=_destination(push_folder),
            custom_config={executor.NONCE: nonce},
        )


def _destination(push_folder: str) -> Any:
    """A tfx PushDestination."""
    destination = pusher_pb2.PushDestination()  # pyright: ignore[reportAttributeAccessIssue]
    destination.filesystem.base_directory = push_folder
    return destination
