"""How the verdict lies on the disk, and which of them was the last refusal. Imports no TensorFlow."""

from __future__ import annotations

from pathlib import Path

# TFX's marks (tfx.components.infra_validator.executor, which cannot be imported without Docker's and Kubernetes' APIs).
BLESSED = "blessed"
BLESSED_FILE = "INFRA_BLESSED"
NOT_BLESSED_FILE = "INFRA_NOT_BLESSED"


def last_refusal(artifacts: Path) -> str:
    """The newest refusal of ServingCheck, by the number of its execution; empty where it never refused.

    As a parameter of the step it keeps a refusal from being answered from TFX's cache, which takes any verdict for a
    result: the machine may have been busy, so whoever runs again is judged again. A blessing is cached until the next
    refusal.

    Args:
        artifacts: the pipeline's root, in which TFX gives each output the folder STEP/OUTPUT/EXECUTION.
    """
    marks = artifacts.glob(f"ServingCheck/blessing/*/{NOT_BLESSED_FILE}")
    return max((mark.parent.name for mark in marks), key=int, default="")
