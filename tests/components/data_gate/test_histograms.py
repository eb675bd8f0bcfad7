from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.data_gate.histograms import align, distance_if_scaled, divergence, quantile
from tests.components.data_gate.profiles import statistics


def measure(values):
    [feature] = statistics(words=values).datasets[0].features
    return feature


def counts(feature):
    kind = statistics_pb2.Histogram.STANDARD  # pyright: ignore[reportAttributeAccessIssue]
    [histogram] = [histogram for histogram in feature.num_stats.histograms if histogram.type == kind]
    return [bucket.sample_count for bucket in histogram.buckets]


def test_bins_hold_equally_many_rows_of_the_reference():
    reference, other = measure(np.arange(1, 1001)), measure(np.arange(1, 1001) * 2)
    assert align(reference, other) == 10
    assert counts(reference) == pytest.approx([0, *[100] * 10], abs=6)
    assert sum(counts(other)) == pytest.approx(1000)
    assert counts(other)[-1] == pytest.approx(550, abs=6)


def test_one_long_text_changes_nothing():
    words = np.arange(1, 1001)
    reference, other = measure(words), measure(np.append(words, 1_000_000))
    align(reference, other)
    assert divergence(counts(reference), counts(other)) < 0.001


@pytest.mark.parametrize("other", [3, 7])
def test_a_constant_differs_from_another(other):
    reference, current = measure([5] * 100), measure([other] * 100)
    align(reference, current)
    assert divergence(counts(reference), counts(current)) == pytest.approx(1.0)


def test_equal_constants_do_not_differ():
    reference, current = measure([5] * 100), measure([5] * 50)
    assert align(reference, current) == 1
    assert divergence(counts(reference), counts(current)) == 0


def test_quantiles_of_whole_numbers():
    feature = measure(list(range(1, 101)))
    assert quantile(feature, 0.5) == 50
    assert quantile(feature, 0.95) == 95


def test_divergence_is_in_bits():
    assert divergence([1, 0], [0, 1]) == pytest.approx(1.0)
    assert divergence([3, 1], [1, 1]) == pytest.approx(jensenshannon([0.75, 0.25], [0.5, 0.5], base=2) ** 2)


def test_no_divergence_is_below_0_or_not_a_number():
    random = np.random.default_rng(0)
    for _ in range(200):
        counts = random.uniform(0.1, 1000, 4)
        assert 0 <= divergence(counts, counts * (1 + 1e-16) / 3) < 1e-12


def test_scaling_by_more_is_further_away():
    feature = measure(np.random.default_rng(0).lognormal(3, 0.5, 5000))
    distances = [distance_if_scaled(feature, factor) for factor in (1.0, 1.1, 1.3, 2.0)]
    assert distances[0] == 0
    assert distances == sorted(distances)


@pytest.mark.parametrize(
    ("draw", "most"),
    [
        (lambda random, factor: random.poisson(12 * factor, 20_000) + 1, 0.04),
        (lambda random, factor: np.round(random.lognormal(2.5, 0.5, 20_000) * factor) + 1, 0.02),
        (lambda random, factor: np.ceil(random.uniform(0, 12, 20_000) * factor), 0.03),
    ],
)
def test_scaled_lengths_lie_as_far_away_as_newly_drawn_longer_ones(draw, most):
    random = np.random.default_rng(0)
    shorter, longer = (measure(draw(random, factor).astype(int)) for factor in (1.0, 1.2))
    told = distance_if_scaled(shorter, 1.2)
    align(shorter, longer)
    assert told == pytest.approx(divergence(counts(shorter), counts(longer)), abs=most)


def test_whole_numbers_leave_no_gaps_when_they_are_scaled():
    assert distance_if_scaled(measure([1, 2, 3] * 1000), 1.2) < 0.15
    assert distance_if_scaled(measure([4, 5, 6, 7] * 1000), 1.2) < 0.25
    assert distance_if_scaled(measure([4, 5, 6, 7] * 1000), 1.0) == pytest.approx(0, abs=1e-9)
