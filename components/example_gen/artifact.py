"""The artifacts that the step leaves beside its Examples."""

from __future__ import annotations

from tfx.types import artifact


class Quarantine(artifact.Artifact):
    """The rows that could not be used, with the reason each (rows.jsonl), and the account of all rows (summary.json).

    The type's name is the path by which a step on Kubeflow imports the class, which may have one dot only; it has no
    properties, since Kubeflow's schema of custom types has none.
    """

    TYPE_NAME = "components.Quarantine"


class Profile(artifact.Artifact):
    """Columns of numbers about the newest span, the previous one and users' requests, as far as there are any.

    The type's name is the path by which a step on Kubeflow imports the class, which may have one dot only.
    """

    TYPE_NAME = "components.Profile"
