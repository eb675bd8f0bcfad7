"""Batching across requests, by TensorFlow's own batch scheduler: the one in TensorFlow Serving.

TensorFlow Serving has one queue a signature, so a text of ten words is padded to the longest of those that it happens
to meet. Here a signature that takes texts has a queue for each class of lengths; one set of threads serves all queues.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from serving.server.options import Batching

_SCHEDULER = "scheduler"  # one in each session: its threads and queues end with the session


def can_be_batched(inputs: Sequence[tf.TensorSpec], outputs: Sequence[tf.TensorSpec]) -> bool:
    """Whether rows of two requests can be put together: every input and output has one row an example, and the inputs'
    rows are all of one shape.
    """
    return (
        bool(inputs)
        and all(_has_free_rows(spec) and spec.shape[1:].is_fully_defined() for spec in inputs)
        and all(_has_free_rows(spec) for spec in outputs)
    )


def takes_texts(inputs: Sequence[tf.TensorSpec]) -> bool:
    """Whether every input is one string an example."""
    return bool(inputs) and all(spec.dtype == tf.string and spec.shape.rank == 1 for spec in inputs)


def length_class(inputs: Mapping[str, np.ndarray], bounds: Sequence[int]) -> int:
    """The class of a request: that of its longest text in bytes, from 0 to len(bounds).

    Args:
        inputs: object arrays of bytes; of anything where there are no bounds.
        bounds: ascending; a text of just a bound's length is in that bound's class.
    """
    if not bounds:
        return 0
    longest = max((len(text) for values in inputs.values() for text in values.ravel()), default=0)
    return bisect.bisect_left(bounds, longest)


def batched(
    function: Any, inputs: Sequence[tf.Tensor], queue: str, batching: Batching, request_rows: int
) -> list[tf.Tensor]:
    """The function's outputs, computed in one batch with those of other requests to the same queue.

    Args:
        function: ConcreteFunction of tensors with one row an example.
        inputs: its arguments, in order.
        queue: only requests to the same queue are put together.
        batching: sizes, threads and waiting.
        request_rows: rows of a request at most. One with more than `max_batch_size` is computed in several batches.
    """
    return tf.raw_ops.BatchFunction(
        in_tensors=list(inputs),
        captured_tensors=function.captured_inputs,
        f=function,
        num_batch_threads=batching.num_batch_threads,
        max_batch_size=max(request_rows, batching.max_batch_size),
        # Every size is allowed, so that no batch is padded; the last one bounds what is computed at once.
        allowed_batch_sizes=list(range(1, batching.max_batch_size + 1)),
        enable_large_batch_splitting=True,
        batch_timeout_micros=batching.batch_timeout_micros,
        max_enqueued_batches=batching.max_enqueued_batches,
        Tout=[output.dtype for output in function.outputs],
        shared_name=_SCHEDULER,
        batching_queue=queue,
    )


def _has_free_rows(spec: tf.TensorSpec) -> bool:
    return bool(spec.shape.rank) and spec.shape[0] is None
