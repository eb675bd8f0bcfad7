"""Half precision in matrix products while training, float32 everywhere else in the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from components.errors import TrainingError

# What TensorFlow's graph optimiser calls them, and the only kind of device that each pass converts anything for.
_OPTIONS = {"bfloat16": "auto_mixed_precision_onednn_bfloat16", "float16": "auto_mixed_precision"}
_NEEDS = {"bfloat16": "CPU", "float16": "GPU"}
_REMEDIES = {
    ("bfloat16", "GPU"): "float16 or auto",
    ("bfloat16", "TPU"): "auto",
    ("float16", "CPU"): "auto, or install TensorFlow's CUDA libraries (make setup GPU=1)",
    ("float16", "TPU"): "auto",
}
_CPU_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})


def cpu_has_bfloat16(cpu_info: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this CPU multiplies bfloat16 matrices in hardware; False where it cannot be told."""
    if not cpu_info.is_file():
        return False
    flags = (line.split() for line in cpu_info.read_text().splitlines() if line.startswith("flags"))
    return bool(_CPU_FLAGS & set(next(flags, [])))


def resolve_precision(precision: str, device: str = "CPU") -> str:
    """`auto` as `bfloat16` on a CPU that multiplies it in hardware, and `float32` anywhere else.

    On GPUs and TPUs `auto` is float32 since what half precision gains and costs there has not been measured: it is
    theirs who ask for it.

    Args:
        precision: training.precision.
        device: the kind of device that computes: `CPU`, `GPU` or `TPU`.

    Raises:
        TrainingError: `float16` on anything but a GPU, or `bfloat16` on anything but a CPU: TensorFlow's graph
            optimiser has no such pass for it, and would compute in float32 without a word.
    """
    if precision == "auto":
        return "bfloat16" if device == "CPU" and cpu_has_bfloat16() else "float32"
    needed = _NEEDS.get(precision, device)
    if needed != device:
        raise TrainingError(
            f"training.precision is {precision}, which is for {needed}s, and TensorFlow computes on a {device}; set it "
            f"to {_REMEDIES[precision, device]}"
        )
    return precision


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
