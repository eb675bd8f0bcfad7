"""The trackers that a configuration asks for."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from typing import Any

from components.errors import TrainingError
from components.trainer.tracking.together import Together

_API_KEY = "WANDB_API_KEY"


def check_tracking(settings: Mapping[str, Any]) -> None:
    """Checks that the trackers of the section `tracking` have what they need.

    Raises:
        TrainingError: a package or a key is missing.
    """
    if settings["tensorboard"]:
        _need("tensorboard", "install the lock of this release, or set tracking.tensorboard to false")
    if settings["wandb"]:
        _need("wandb", "run `pip install wandb==0.24.2`, or leave out tracking.wandb")
        _need_key(settings["wandb"]["mode"])


def make_tracker(settings: Mapping[str, Any], log_dir: str, name: str) -> Together:
    """The trackers of the section `tracking`; without any, one that records nothing.

    Args:
        settings: the section: tensorboard, wandb.
        log_dir: folder or URL below which all files are written.
        name: of the pipeline; versions of its model are counted under it.

    Raises:
        TrainingError: see `check_tracking`.
    """
    check_tracking(settings)
    tracker = Together()
    if settings["tensorboard"]:
        from components.trainer.tracking.tensor_board import TensorBoard

        tracker.add("TensorBoard", TensorBoard(log_dir))
    if settings["wandb"]:
        from components.trainer.tracking.weights_and_biases import WeightsAndBiases

        tracker.add("Weights & Biases", WeightsAndBiases(settings["wandb"], log_dir, name, tracker.note))
    return tracker


def _need(package: str, remedy: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise TrainingError(f"tracking.{package} is on, but the package {package} is not installed; {remedy}")


def _need_key(mode: str) -> None:
    if mode == "online" and not os.environ.get(_API_KEY):
        raise TrainingError(
            f"tracking.wandb.mode is online, but the environment has no {_API_KEY}; set it, or set "
            "tracking.wandb.mode to offline"
        )
