"""Where a training is recorded beside its own files: TensorBoard, Weights & Biases. One more is one more Tracker."""

from components.trainer.tracking.make import check_tracking, make_tracker
from components.trainer.tracking.together import Together
from components.trainer.tracking.tracker import Silent, Tracker

__all__ = ["Silent", "Together", "Tracker", "check_tracking", "make_tracker"]
