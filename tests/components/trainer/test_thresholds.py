from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.trainer.thresholds import choose, reached_at

ONE, ZERO = np.float32(1), np.float32(0)
TINY = np.finfo(np.float32).tiny
EDGES = [0.0, 1e-45, float(TINY), 1e-20, 0.25, 0.5, float(np.nextafter(np.float32(0.5), ONE)), 0.75]
NEAR_ONE = [float(np.nextafter(ONE, ZERO)), 1.0]
SCORES = st.one_of(st.sampled_from(EDGES + NEAR_ONE), st.floats(0.0, 1.0, width=32))
ROWS = st.lists(st.tuples(SCORES, st.booleans()), min_size=2, max_size=12).filter(
    lambda rows: len({label for _, label in rows}) == 2
)
FLOORS = st.sampled_from([0.05, 0.5, 0.8, 0.95])


def split(rows):
    return np.array([row[0] for row in rows], np.float32), np.array([row[1] for row in rows])


def every_threshold(scores):
    """One float32 for each way in which a threshold within (0, 1) can tell the scores apart."""
    above = np.nextafter(scores, ONE)
    near = np.concatenate([scores, above, [TINY, np.nextafter(ONE, ZERO)]]).astype(np.float32)
    return [limit for limit in near if TINY <= limit < ONE]


def flushed(scores):
    return np.where(scores < TINY, ZERO, scores)


def is_in_range(chosen):
    return 0.0 < chosen.threshold < 1.0 and np.float32(chosen.threshold) == chosen.threshold


@given(rows=ROWS, metric=st.sampled_from(["accuracy", "f1"]))
@settings(deadline=None, max_examples=200)
def test_no_threshold_is_better(rows, metric):
    scores, is_positive = split(rows)
    chosen = choose(scores, is_positive, metric, None, 0.5)
    assert is_in_range(chosen)
    best = max(reached_at(flushed(scores), is_positive, limit)[metric] for limit in every_threshold(scores))
    assert chosen.reached[metric] == pytest.approx(best)
    assert chosen.reached == pytest.approx(reached_at(flushed(scores), is_positive, np.float32(chosen.threshold)))


@given(rows=ROWS, metric=st.sampled_from(["precision", "recall"]), floor=FLOORS)
@settings(deadline=None, max_examples=200)
def test_floor_is_kept_with_the_most_of_the_other(rows, metric, floor):
    scores, is_positive = split(rows)
    other = {"precision": "recall", "recall": "precision"}[metric]
    chosen = choose(scores, is_positive, metric, floor, 0.5)
    assert is_in_range(chosen)
    reached = [reached_at(flushed(scores), is_positive, limit) for limit in every_threshold(scores)]
    enough = [figures for figures in reached if figures[metric] >= floor]
    assert chosen.meets_floor == bool(enough)
    if enough:
        assert chosen.reached[metric] >= floor
        assert chosen.reached[other] == pytest.approx(max(figures[other] for figures in enough))
    else:
        assert chosen.reached[metric] == pytest.approx(max(figures[metric] for figures in reached))


def test_threshold_stands_midway_between_neighbours():
    scores, is_positive = np.array([0.1, 0.2, 0.75, 0.9], np.float32), np.array([False, False, True, True])
    chosen = choose(scores, is_positive, "f1", None, 0.5)
    assert chosen.threshold == pytest.approx((0.2 + 0.75) / 2)
    assert chosen.reached == {"accuracy": 1.0, "f1": 1.0, "precision": 1.0, "recall": 1.0}


def test_neighbours_without_a_number_between_them_are_told_apart():
    low = np.float32(0.5)
    high = np.nextafter(low, ONE)
    chosen = choose(np.array([low, high]), np.array([False, True]), "accuracy", None, 0.5)
    assert chosen.threshold == high
    assert chosen.reached["accuracy"] == 1.0


def test_of_equals_the_nearest_to_the_default_is_taken():
    # An error each: everything above 0.15 is positive, or everything above 0.75.
    scores, is_positive = np.array([0.1, 0.2, 0.7, 0.8], np.float32), np.array([False, True, False, True])
    for default, expected in ((0.5, 0.75), (0.2, 0.15)):
        chosen = choose(scores, is_positive, "accuracy", None, default)
        assert chosen.threshold == pytest.approx(expected)


def test_all_or_none_can_be_best():
    scores = np.array([0.4, 0.6, 0.7], np.float32)
    none = choose(scores, np.array([True, False, False]), "accuracy", None, 0.5)
    all_of_them = choose(scores, np.array([True, True, False]), "recall", 0.95, 0.5)
    assert none.threshold > 0.7
    assert all_of_them.threshold <= 0.4
    assert all_of_them.reached["recall"] == 1.0


@pytest.mark.parametrize("score", [0.0, 1.0, 0.3])
def test_scores_that_are_all_alike(score):
    chosen = choose(np.full(4, score, np.float32), np.array([True, False, False, False]), "accuracy", None, 0.5)
    assert chosen.reached["accuracy"] == (0.25 if score == 1.0 else 0.75)
