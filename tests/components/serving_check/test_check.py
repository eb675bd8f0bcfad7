from __future__ import annotations

import json
import math

import pytest

from components.serving_check.check import Check, Report, at_most, failed

GOOD = at_most("p50 latency", 20.0, 100.0, "ms", "serving.max_p50_ms")


def test_a_value_above_its_limit_says_both_and_the_setting():
    check = at_most("p99 latency", 812.3, 500.0, "ms", "serving.max_p99_ms")
    assert not check.passed
    assert check.sentence == "p99 latency 812 ms is above serving.max_p99_ms 500"
    assert (check.value, check.limit, check.unit) == (812.3, 500.0, "ms")


def test_a_value_at_its_limit_passes():
    assert at_most("memory", 2048, 2048, "MB", "serving.max_memory_mb").passed


def test_a_value_just_above_its_limit_is_told_apart_from_it():
    check = at_most("p99 latency", 500.004, 500.0, "ms", "serving.max_p99_ms")
    assert check.sentence == "p99 latency 500.004 ms is above serving.max_p99_ms 500"


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_what_is_no_number_does_not_pass_and_is_null_in_the_report(value):
    check = at_most("parity", value, 1e-4, "", "serving.max_score_difference", "the difference")
    assert not check.passed
    assert check.value is None
    assert check.sentence == f"the difference {value} is above serving.max_score_difference 0.0001"


def test_a_report_is_blessed_where_every_check_passed():
    assert Report("2.16", "ours", [GOOD, GOOD]).blessed
    assert not Report("2.16", "ours", [GOOD, *failed(["memory"], "the server ended")]).blessed


def test_a_report_without_checks_blesses_nothing():
    assert not Report("2.16", "ours", []).blessed


def test_what_failed_for_one_reason_is_one_reason():
    report = Report("2.16", "ours", [GOOD, *failed(["a", "b"], "it has no model"), *failed(["c"], "it ended")])
    assert report.reasons == ["serving check: it has no model", "serving check: it ended"]


def test_a_report_as_json_holds_everything():
    content = json.loads(Report("2.16", "ours", [GOOD, Check("x", None, "", "", False, "why")]).to_json())
    assert content["blessed"] is False
    assert content["reasons"] == ["serving check: why"]
    assert content["release"] == "2.16"
    assert content["checks"][0] == {
        "name": "p50 latency", "value": 20.0, "limit": 100.0, "unit": "ms", "passed": True,
        "sentence": "p50 latency 20 ms is at most serving.max_p50_ms 100",
    }  # fmt: skip
