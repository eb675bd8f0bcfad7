from __future__ import annotations

import os

import pytest

from benchmarks.soaking import sampling
from benchmarks.soaking.sampling import Sample, Sampler


def samples(values):
    return [
        Sample(at=float(second), rss_mib=value, threads=1, files=1, processor_seconds=0) for second, value in values
    ]


def test_memory_by_minute_is_each_whole_minutes_median():
    found = sampling.by_minute(samples((second, 100 + second // 60 * 10) for second in range(130)))
    assert found == [100, 110]


def test_a_run_of_less_than_a_minute_has_one_value():
    assert sampling.by_minute(samples((second, 100 + second) for second in range(11))) == [105]


def test_a_single_high_second_does_not_move_a_minute():
    assert sampling.by_minute(samples((second, 900 if second == 30 else 100) for second in range(60))) == [100]


@pytest.mark.parametrize(
    ("values", "expected"), [([], 0), ([5.0], 0), ([1.0, 3.0, 5.0], 2), ([4.0, 4.0, 4.0], 0), ([3.0, 1.0], -2)]
)
def test_slope(values, expected):
    assert sampling.slope(values) == pytest.approx(expected)


def test_a_process_is_sampled_at_once_and_known_to_live():
    with Sampler(os.getpid()) as sampler:
        assert sampler.alive
    [first, *_] = sampler.samples
    assert first.rss_mib > 1
    assert first.threads >= 1
    assert first.files >= 1
