"""The artifact that says: this data may be trained on."""

from __future__ import annotations

from tfx.types import artifact


class DataBlessing(artifact.Artifact):
    """Data that passed its gate. The name has the form that Kubeflow asks of custom types, and no properties for it."""

    TYPE_NAME = "components.DataBlessing"
