"""Serialized Examples out of their files, in the batches that models are given.

With `tf.data` inside one step of Beam's: its own source reads record by record in Python, and Beam holds what is read
back until all of it is there, wherever several files are brought together.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

# Attention takes tokens squared for every head and text: a large batch of long texts would fill the memory.
_BATCH_SIZE = 32


def read_batches(file: str) -> Iterator[np.ndarray]:
    """Batches of the serialized Examples of a gzipped TFRecord file, bytes [batch], in their order."""
    yield from tf.data.TFRecordDataset(file, compression_type="GZIP").batch(_BATCH_SIZE).as_numpy_iterator()
