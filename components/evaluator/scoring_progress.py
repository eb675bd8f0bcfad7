"""How many examples have been scored: Beam copies whatever it runs, so the count is the process's own."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import tensorflow as tf

from components import progress

_LOCK = threading.Lock()
_UNIT = "examples scored"
_state = {"done": 0, "total": 0}


def begin(files: Sequence[str]) -> None:
    """Begins to count anew, for the examples in these gzipped TFRecord files."""
    total = tf.data.TFRecordDataset(list(files), compression_type="GZIP", num_parallel_reads=1).reduce(
        tf.constant(0, tf.int64), lambda count, _: count + 1
    )
    with _LOCK:
        _state.update(done=0, total=int(total))


def advance(examples: int) -> None:
    """Counts examples that have been scored, and tells of it."""
    with _LOCK:
        _state["done"] += examples
        told = progress.Progress(min(_state["done"], _state["total"]), _state["total"], _UNIT)
    if told.total:  # in another process than the one that began, nobody knows how many there are, and nobody listens
        progress.report(told)
