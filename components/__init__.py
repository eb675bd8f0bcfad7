"""What each step of the pipeline does: one folder a step.

Every TensorFlow import in this code base comes after this module, which settles the process-wide choices that
TensorFlow reads once, when it is first imported.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

# hub.KerasLayer and TensorFlow Text build on Keras 2, which TensorFlow 2.16 and later load only on request.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# Kubeflow's steps import a custom artifact type by its TYPE_NAME, which may have one dot only.
_ARTIFACT_TYPES = {
    "Quarantine": "components.example_gen.artifact",
    "Profile": "components.example_gen.artifact",
    "DataBlessing": "components.data_gate.artifact",
    "LinearPredictions": "components.linear_baseline.artifact",
}


def __getattr__(name: str) -> Any:
    """The artifact types of our own, by the name that ML Metadata and Kubeflow know them by."""
    if name in _ARTIFACT_TYPES:
        return getattr(importlib.import_module(_ARTIFACT_TYPES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
