"""The artifact that holds what could not be used."""

from __future__ import annotations

from tfx.types import artifact


class Quarantine(artifact.Artifact):
    """The rows that could not be used, with the reason each (rows.jsonl), and the account of all rows (summary.json).

    The type's name is the path by which a step on Kubeflow imports the class, which may have one dot only; it has no
    properties, since Kubeflow's schema of custom types has none.
    """

    TYPE_NAME = "components.Quarantine"
