"""A split of transformed Examples, in memory: the ids of every text and its target, and a digest of both."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from components.errors import TrainingError
from components.features import INPUT_TYPE_IDS, INPUT_WORD_IDS, TARGET

_PARSE_BATCH = 1024


@dataclasses.dataclass(frozen=True)
class Examples:
    """A split.

    Attributes:
        word_ids: int32 `[examples, (tokens)]`, [CLS] and [SEP] included.
        type_ids: of the same shape, 0 for the first text and 1 for the second; None where texts come alone.
        target: float32 `[examples, labels]`.
    """

    word_ids: tf.RaggedTensor
    type_ids: tf.RaggedTensor | None
    target: np.ndarray

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.target)

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each, int64 `[examples]`."""
        return self.word_ids.row_lengths().numpy()

    def digest(self) -> str:
        """SHA-256 of everything, in order."""
        digest = hashlib.sha256()
        parts = [self.word_ids.flat_values.numpy(), self.word_ids.row_splits.numpy(), self.target]
        parts += [] if self.type_ids is None else [self.type_ids.flat_values.numpy()]
        for part in parts:
            digest.update(np.ascontiguousarray(part).data)
        return digest.hexdigest()


def read_examples(patterns: Sequence[str], transform_output: tft.TFTransformOutput, split: str) -> Examples:
    """Reads a split of transformed Examples.

    Raises:
        TrainingError: it is empty.
    """
    known = transform_output.transformed_feature_spec()
    features = {name: known[name] for name in (INPUT_WORD_IDS, INPUT_TYPE_IDS, TARGET) if name in known}
    files = sorted(path for pattern in patterns for path in tf.io.gfile.glob(pattern))
    records = tf.data.TFRecordDataset(files, compression_type="GZIP").batch(_PARSE_BATCH)
    parsed: list[dict[str, Any]] = list(records.map(lambda batch: tf.io.parse_example(batch, features)))
    if not parsed:
        raise TrainingError(f"the {split} split has no example; give it data, or more weight in data.splits")
    return Examples(
        word_ids=_joined(parsed, INPUT_WORD_IDS),
        type_ids=_joined(parsed, INPUT_TYPE_IDS) if INPUT_TYPE_IDS in features else None,
        target=np.concatenate([batch[TARGET].numpy() for batch in parsed]),
    )


def check_labels(examples: Examples, split: str, kind: str, names: Sequence[str], to_learn: bool) -> None:
    """Looks whether there is something to learn from, or to select an epoch by.

    Args:
        examples: the split.
        split: what it is called.
        kind: of the labels.
        names: of the labels.
        to_learn: every label must occur, and be missing too; else it is enough if one does.

    Raises:
        TrainingError: a label has one class only, or the targets are not as wide as there are labels.
    """
    width, labels = examples.target.shape[1], names[1:] if len(names) == 2 and kind == "binary" else names
    if width != len(labels):
        raise TrainingError(
            f"the targets of the {split} split have {width} labels, and labels.names {len(labels)}; run again without "
            "the cached Transform, or mend labels.names"
        )
    positives = examples.target.sum(axis=0)
    of_one_class = [name for name, count in zip(labels, positives, strict=True) if count in (0, examples.count)]
    if not of_one_class or (not to_learn and len(of_one_class) < width):
        return
    always = [name for name, count in zip(labels, positives, strict=True) if count == examples.count]
    which = f"have the label {', '.join(always)}" if always else f"lack the label {', '.join(of_one_class)}"
    raise TrainingError(
        f"all {examples.count} examples of the {split} split {which}: there is nothing to learn or to measure; give it "
        "data with and without, raise data.sample.fraction, or leave the label out"
    )


def _joined(parsed: list[dict[str, Any]], name: str) -> tf.RaggedTensor:
    rows = [tf.RaggedTensor.from_sparse(batch[name]) for batch in parsed]
    return tf.cast(tf.concat(rows, axis=0), tf.int32)
