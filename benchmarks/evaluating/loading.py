"""How long models take to load, which is left out of what scoring takes."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import tensorflow as tf


@dataclasses.dataclass
class Loads:
    """What the loading of SavedModels took, by the clock and of the processors, and how many there were."""

    seconds: float = 0.0
    processor_seconds: float = 0.0
    models: int = 0


@contextlib.contextmanager
def timed() -> Iterator[Loads]:
    """Times every load inside the block, of the function through which TFMA loads too (its `model_construct_fn`)."""
    loads, place = Loads(), tf.compat.v1.saved_model
    load = place.load_v2

    def timed_load(*arguments: Any, **named: Any) -> Any:
        start, used = time.perf_counter(), time.process_time()
        try:
            return load(*arguments, **named)
        finally:
            loads.seconds += time.perf_counter() - start
            loads.processor_seconds += time.process_time() - used
            loads.models += 1

    place.load_v2 = timed_load
    try:
        yield loads
    finally:
        place.load_v2 = load
