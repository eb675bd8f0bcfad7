from __future__ import annotations

import pytest
import tensorflow as tf

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


def test_only_auto_depends_on_the_machine():
    assert resolve_precision("float32") == "float32"
    assert resolve_precision("bfloat16") == "bfloat16"
    assert resolve_precision("auto") == ("bfloat16" if cpu_has_bfloat16() else "float32")


def test_the_process_computes_in_float32_again_after_training_even_after_a_failure():
    def fail():
        with computing_in("bfloat16"):
            assert tf.config.optimizer.get_experimental_options()[OPTION] is True
            raise ValueError("training failed")

    with pytest.raises(ValueError, match="training failed"):
        fail()
    assert not tf.config.optimizer.get_experimental_options().get(OPTION)
