"""Half precision in matrix products while training, float32 everywhere else in the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from components.errors import TrainingError

# What TensorFlow's graph optimiser calls them; float16 has kernels on GPUs alone.
_OPTIONS = {"bfloat16": "auto_mixed_precision_onednn_bfloat16", "float16": "auto_mixed_precision"}
_CPU_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})


def cpu_has_bfloat16(cpu_info: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this CPU multiplies bfloat16 matrices in hardware; False where it cannot be told."""
    if not cpu_info.is_file():
        return False
    flags = (line.split() for line in cpu_info.read_text().splitlines() if line.startswith("flags"))
    return bool(_CPU_FLAGS & set(next(flags, [])))


def resolve_precision(precision: str) -> str:
    """`auto` as what this machine computes fastest in: `bfloat16` or `float32`.

    Raises:
        TrainingError: `float16`, and there is no GPU.
    """
    if precision == "float16" and not tf.config.list_physical_devices("GPU"):
        raise TrainingError(
            "training.precision is float16, which takes a GPU, and TensorFlow sees none; set it to auto, or install "
            "TensorFlow's CUDA libraries (make setup GPU=1)"
        )
    if precision != "auto":
        return precision
    return "bfloat16" if cpu_has_bfloat16() else "float32"


@contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """Runs graphs in `float32`, `bfloat16` or `float16` inside the block.

    The options are the process's own, so they are always turned off again: what is exported, evaluated and served in
    this process must be computed in float32, as TF Serving will.
    """
    tf.config.optimizer.set_experimental_options({option: name == precision for name, option in _OPTIONS.items()})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options(dict.fromkeys(_OPTIONS.values(), False))
