"""What a training needs to know: plain values, so that another process or machine can be handed the same."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import tensorflow as tf

from components.fingerprint import json_digest

# What makes other weights when it changes. The rest (where to record, how to decide) does not.
_DECIDES_WEIGHTS = ("encoder", "training", "labels", "pair")
# Nor do these, of the section training.
_NO_MATTER = ("checkpoints", "tpu")


@dataclasses.dataclass(frozen=True)
class Job:
    """A training.

    Attributes:
        settings: the Trainer's custom_config: the sections `encoder` (with its `digest`), `training`, `labels`,
            `decisions` and `tracking` of the configuration; `pair`, whether texts come in pairs; `checkpoints`, the
            folder or URL below which it can go on where it was killed, or None; `name`, of the pipeline.
        train_files: glob patterns of transformed Examples, gzipped TFRecords.
        eval_files: the same, of those that select the epoch.
        transform_output: what Transform left.
        log_dir: folder for TensorBoard's logs and the record.
        base_model: the served model to begin from, a SavedModel folder, or None for the encoder's own weights.
    """

    settings: dict[str, Any]
    train_files: list[str]
    eval_files: list[str]
    transform_output: str
    log_dir: str
    base_model: str | None = None

    @property
    def training(self) -> dict[str, Any]:
        """The section `training`."""
        return self.settings["training"]

    @property
    def labels(self) -> dict[str, Any]:
        """`kind`, `names` and `threshold` of the section `labels`."""
        return self.settings["labels"]

    @property
    def outputs(self) -> int:
        """How many logits the model has: one for two labels, else one a label."""
        return 1 if self.labels["kind"] == "binary" else len(self.labels["names"])

    @property
    def origin(self) -> dict[str, Any]:
        """What must be equal for the weights of one model to be a beginning for another: beside their shapes."""
        encoder = self.settings["encoder"]
        names = ("kind", "names")
        return {
            "encoder": encoder.get("digest") or encoder["handle"],
            "pooling": encoder["pooling"],
            "labels": {name: self.labels[name] for name in names},
            "pair": self.settings["pair"],
        }

    def fingerprint(self, *outside: str) -> str:
        """Of all that decides the weights: the settings, the model begun from, and `outside`, digests of the examples,
        of the code and of what computes.
        """
        settings = {name: self.settings.get(name) for name in _DECIDES_WEIGHTS}
        settings["training"] = {name: value for name, value in self.training.items() if name not in _NO_MATTER}
        return json_digest([settings, outside, self.base_model and _model_digest(self.base_model)])

    def to_json(self) -> str:
        """For another process of the same training."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        """What `to_json` gave."""
        return cls(**json.loads(text))


def _model_digest(folder: str) -> str:
    """Of a SavedModel's graph and of the index of its weights, which holds a checksum of each."""
    parts = []
    for name in ("saved_model.pb", "variables/variables.index"):
        with tf.io.gfile.GFile(f"{folder}/{name}", "rb") as file:
            parts.append(file.read().hex())
    return json_digest(parts)
