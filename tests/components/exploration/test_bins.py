from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.exploration import bins

LENGTHS = st.lists(st.integers(0, 10**7), min_size=1, max_size=50)


@given(LENGTHS)
def test_all_values_are_in_few_rising_bins(lengths: list[int]):
    values = np.array(lengths)
    edges = bins.edges_of(values)
    assert list(edges) == sorted(set(edges))
    assert edges[0] <= values.min()
    assert values.max() < edges[-1]
    assert 2 <= len(edges) <= 50
    assert sum(bins.count(values, edges)) == len(lengths)
    assert bins.count(values, edges)[0]
    assert bins.count(values, edges)[-1]


def test_bins_widen_where_the_tail_is_heavy():
    assert bins.edges_of(np.arange(1, 20)) == tuple(range(1, 21))
    edges = bins.edges_of(np.array([3, 10, 12, 4000]))
    assert edges == (3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000)


def test_nothing_is_one_empty_bin():
    nothing = np.zeros(0, np.int32)
    assert bins.count(nothing, bins.edges_of(nothing)) == (0,)


@pytest.mark.parametrize(("edges", "named"), [((3, 4), "3"), ((1000, 1500), "1,000–1,499")])
def test_a_bin_is_called_by_what_it_holds(edges: tuple[int, int], named: str):
    assert bins.name(*edges) == named
