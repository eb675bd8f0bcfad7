"""What can go wrong between a task and a Kubeflow cluster."""

from __future__ import annotations

from components.errors import BertlineError


class KubeflowError(BertlineError):
    """A pipeline cannot be compiled for, submitted to or scheduled on Kubeflow Pipelines."""
