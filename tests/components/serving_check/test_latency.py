from __future__ import annotations

import itertools

import pytest

from components.serving_check import latency
from components.serving_check.latency import Latency, measure

CEILINGS = Latency(p50_ms=10.0, p99_ms=100.0)
TEXTS = [b"text"] * 200


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still but for what requests take."""
    now = [0.0]
    monkeypatch.setattr(latency.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(latency.time, "monotonic", lambda: now[0])
    return now


def taking(clock, milliseconds):
    """A request that takes the next of some times."""
    times = iter(milliseconds)
    sent = []

    def request(text):
        sent.append(text)
        clock[0] += next(times) / 1e3

    return request, sent


def test_median_and_99th_percentile_are_times_that_were_measured(clock):
    request, sent = taking(clock, [0.0] * 10 + [*range(1, 201)])
    measured = measure(request, TEXTS, Latency(1000, 1000))
    assert measured.p50_ms == pytest.approx(101)
    assert measured.p99_ms == pytest.approx(199)
    assert len(sent) == 210


def test_the_first_requests_do_not_count(clock):
    request, _ = taking(clock, [500.0] * 10 + [1.0] * 200)
    assert measure(request, TEXTS, CEILINGS).p99_ms == pytest.approx(1.0)


def test_a_round_that_something_else_made_slow_is_measured_again(clock):
    request, sent = taking(clock, [1.0] * 10 + [150.0] * 200 + [5.0] * 200)
    measured = measure(request, TEXTS, CEILINGS)
    assert measured.p99_ms == pytest.approx(5.0)
    assert len(sent) == 410


def test_what_is_always_slow_is_told_after_three_rounds_by_the_best(clock):
    request, sent = taking(clock, [1.0] * 10 + [30.0] * 200 + [20.0] * 200 + [25.0] * 200)
    assert measure(request, TEXTS, CEILINGS).p50_ms == pytest.approx(20.0)
    assert len(sent) == 610


def test_it_ends_in_time_however_slow_the_server_is(clock):
    request, sent = taking(clock, itertools.repeat(2000.0))
    measured = measure(request, TEXTS, CEILINGS, most_seconds=60)
    assert measured.p50_ms == pytest.approx(2000)
    assert len(sent) < 40


def test_a_round_that_is_cut_off_proves_nothing(clock):
    a_round = [195.0] * 125 + [900.0] * 3
    request, sent = taking(clock, [195.0] * 10 + a_round * 3)
    ceilings = Latency(200, 500)
    measured = measure(request, TEXTS[:128], ceilings)
    assert 10 + 2 * 128 < len(sent) < 10 + 3 * 128
    assert (measured.p50_ms, measured.p99_ms) == (pytest.approx(195), pytest.approx(900))
    assert measured.texts == 128
    assert not measured.is_within(ceilings)


def test_a_first_round_that_is_cut_off_says_how_many_texts_it_had(clock):
    request, sent = taking(clock, itertools.repeat(1000.0))
    measured = measure(request, TEXTS, Latency(2000, 2000), most_seconds=60)
    assert measured.texts == len(sent) - 10 == 51


def test_one_text_is_enough(clock):
    request, _ = taking(clock, [0.0, 7.0])
    measured = measure(request, [b"text"], CEILINGS)
    assert (measured.p50_ms, measured.p99_ms) == (pytest.approx(7.0), pytest.approx(7.0))


def test_a_request_that_fails_is_the_callers():
    def request(text):
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        measure(request, TEXTS, CEILINGS)


@pytest.mark.parametrize(
    ("measured", "within"), [(Latency(10, 100), True), (Latency(10.1, 100), False), (Latency(1, 100.1), False)]
)
def test_within_the_ceilings(measured, within):
    assert measured.is_within(CEILINGS) is within
