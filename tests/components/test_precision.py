from __future__ import annotations

import pytest
import tensorflow as tf

from components.errors import TrainingError
from components.precision import computing_in, cpu_has_bfloat16, resolve_precision

OPTION = "auto_mixed_precision_onednn_bfloat16"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu sse avx512_bf16 ht", True), ("fpu amx_bf16", True), ("fpu avx512f avx512bw", False), ("", False)],
)
def test_bfloat16_is_read_off_the_cpus_flags(tmp_path, flags, expected):
    info = tmp_path / "cpuinfo"
    info.write_text(f"processor : 0\nflags\t\t: {flags}\n")
    assert cpu_has_bfloat16(info) is expected


def test_where_the_cpu_cannot_be_asked_it_has_none(tmp_path):
    assert cpu_has_bfloat16(tmp_path / "none") is False
    (tmp_path / "arm").write_text("processor : 0\nFeatures : asimd\n")
    assert cpu_has_bfloat16(tmp_path / "arm") is False


@pytest.mark.parametrize("of_cpu", [True, False])
def test_auto_depends_on_the_device_that_computes(monkeypatch, of_cpu):
    monkeypatch.setattr("components.precision.cpu_has_bfloat16", lambda: of_cpu)
    assert resolve_precision("auto") == ("bfloat16" if of_cpu else "float32")
    assert resolve_precision("auto", "GPU") == "float32"
    assert resolve_precision("auto", "TPU") == "float32"


@pytest.mark.parametrize(
    ("precision", "device"),
    [("float32", "CPU"), ("float32", "GPU"), ("float32", "TPU"), ("bfloat16", "CPU"), ("float16", "GPU")],
)
def test_what_a_device_computes_in_is_taken_as_it_is(precision, device):
    assert resolve_precision(precision, device) == precision


@pytest.mark.parametrize(
    ("precision", "device", "says"),
    [
        ("bfloat16", "GPU", "bfloat16, which is for CPUs, and TensorFlow computes on a GPU; set it to float16 or auto"),
        ("bfloat16", "TPU", "bfloat16, which is for CPUs, and TensorFlow computes on a TPU; set it to auto"),
        ("float16", "CPU", "float16, which is for GPUs, and TensorFlow computes on a CPU; set it to auto, or install"),
        ("float16", "TPU", "float16, which is for GPUs, and TensorFlow computes on a TPU; set it to auto"),
    ],
)
def test_what_a_device_does_not_compute_in_is_refused(precision, device, says):
    with pytest.raises(TrainingError, match=f"training.precision is {says}"):
        resolve_precision(precision, device)


def test_the_process_computes_in_float32_again_after_training_even_after_a_failure():
    def fail():
        with computing_in("bfloat16"):
            assert tf.config.optimizer.get_experimental_options()[OPTION] is True
            raise ValueError("training failed")

    with pytest.raises(ValueError, match="training failed"):
        fail()
    assert not tf.config.optimizer.get_experimental_options().get(OPTION)
