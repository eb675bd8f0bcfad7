"""The artifact of a baseline: what it answers, and nothing to load."""

from __future__ import annotations

from tfx.types import artifact


class LinearPredictions(artifact.Artifact):
    """A linear model's scores by example id, how it decides by them, and the account of its training (`predictions`).

    The type's name is the path by which a step on Kubeflow imports the class, which may have one dot only; it has no
    properties, since Kubeflow's schema of custom types has none.
    """

    TYPE_NAME = "components.LinearPredictions"
