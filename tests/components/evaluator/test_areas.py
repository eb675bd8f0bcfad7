from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from components.evaluator.areas import Ranking

_SCORES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.500001, 0.9, 1.0])
_ROWS = st.lists(st.tuples(_SCORES, st.booleans(), st.integers(0, 4)), min_size=1, max_size=60)


@given(_ROWS)
def test_areas_are_scikit_learns_with_ties_and_rows_that_count_many_times_or_never(rows):
    scores, held, counts = (np.array(column) for column in zip(*rows, strict=True))
    scores = scores.astype(np.float32)
    roc, precision = Ranking(scores, held).areas(counts)
    if not counts[held].sum() or not counts[~held].sum():
        assert math.isnan(roc)
        assert math.isnan(precision)
        return
    assert roc == pytest.approx(sklearn_metrics.roc_auc_score(held, scores, sample_weight=counts), abs=1e-12)
    expected = sklearn_metrics.average_precision_score(held, scores, sample_weight=counts)
    assert precision == pytest.approx(expected, abs=1e-12)


def test_without_weights_every_row_counts_once():
    generator = np.random.default_rng(1)
    scores, held = generator.random(500).astype(np.float32), generator.random(500) < 0.3
    assert Ranking(scores, held).areas() == Ranking(scores, held).areas(np.ones(500))


def test_no_row_at_all_has_no_area():
    assert all(math.isnan(area) for area in Ranking(np.zeros(0, np.float32), np.zeros(0, bool)).areas())
