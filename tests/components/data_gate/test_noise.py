from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from components.data_gate.noise import largest_by_chance, least_rows


@pytest.mark.parametrize(("categories", "rows", "other"), [(2, 1000, 1000), (10, 1000, 4000), (10, 10_000, 10_000)])
def test_chance_stays_below_in_999_cases_of_1000(categories, rows, other):
    random = np.random.default_rng(0)
    shares = random.dirichlet(np.full(categories, 5.0))
    distances = [
        jensenshannon(random.multinomial(rows, shares), random.multinomial(other, shares), base=2) ** 2
        for _ in range(4000)
    ]
    above = np.mean(np.array(distances) > largest_by_chance(categories, rows, other))
    assert 0 <= above < 0.003
    assert np.quantile(distances, 0.99) > largest_by_chance(categories, rows, other) / 2


def test_more_rows_are_less_noise():
    assert largest_by_chance(10, 1000, 1000) == pytest.approx(10 * largest_by_chance(10, 10_000, 10_000))


def test_without_rows_everything_is_noise():
    assert largest_by_chance(2, 0, 1000) == math.inf


@pytest.mark.parametrize(("categories", "threshold"), [(2, 0.005), (10, 0.03), (1, 0.01)])
def test_the_least_rows_are_just_enough(categories, threshold):
    rows = least_rows(categories, threshold)
    assert largest_by_chance(categories, rows, rows) <= threshold < largest_by_chance(categories, rows - 1, rows - 1)


def test_of_many_tests_none_exceeds_more_often_than_one():
    random = np.random.default_rng(0)
    rates = np.array([0.1, 0.05, 0.05, 0.01, 0.9])
    counts = random.binomial(2000, rates, size=(2, 4000, 5)) / 2000
    distances = jensenshannon(np.stack([counts[0], 1 - counts[0]]), np.stack([counts[1], 1 - counts[1]]), base=2) ** 2
    above = np.mean(distances.max(axis=1) > largest_by_chance(2, 2000, 2000, tests=5))
    assert above < 0.003
