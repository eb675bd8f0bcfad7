from __future__ import annotations

import base64
import json

import pytest

from benchmarks import k6


def metrics(**counts):
    return {
        "iterations": {"values": {"count": 100}},
        "started_at_ms": {"values": {"min": 1_000_000, "max": 1_003_900}},
        "ended_at_ms": {"values": {"min": 1_000_100, "max": 1_004_000}},
        "predict_ms": {"values": {"p(50)": 30.0, "p(99)": 90.5}},
        **{name: {"values": {"count": count}} for name, count in counts.items()},
    }


def test_a_load_lasts_from_the_first_start_to_the_last_end():
    load = k6.read(metrics(), processor_seconds=0.5)
    assert (load.texts, load.failed, load.seconds) == (100, 0, 4.0)
    assert load.rate == 25
    assert (load.p50, load.p99, load.processor_seconds) == (30.0, 90.5, 0.5)


def test_failures_are_counted():
    assert k6.read(metrics(predict_failed=3), processor_seconds=0).failed == 3


def test_texts_are_written_in_base64_so_that_any_bytes_pass(tmp_path):
    texts = ["naïve \N{SNOWMAN}".encode(), b"\xff\x00", b""]
    k6.write_texts(texts, tmp_path / "texts.json")
    assert [base64.b64decode(text) for text in json.loads((tmp_path / "texts.json").read_text())] == texts


@pytest.mark.parametrize("name", ["predict_ms", "started_at_ms", "ended_at_ms", "predict_failed", "RESULT", "PROTOSET"])
def test_the_script_has_the_names_that_are_read_and_given(name):
    assert name in k6.SCRIPT.read_text()


def test_the_descriptors_that_the_script_loads_are_there():
    assert k6.PROTOSET.is_file()
