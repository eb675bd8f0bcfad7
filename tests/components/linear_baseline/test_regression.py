from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse, special
from sklearn.linear_model import LogisticRegression

from components.linear_baseline.regression import SETTINGS, fit, notes


@pytest.fixture
def rows():
    return sparse.csr_matrix(np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32))


def test_each_label_is_learned_against_the_rest(rows):
    targets = np.stack([rows.toarray()[:, 0] > 0, rows.toarray()[:, 1] > 0.5], axis=1).astype(int)
    regression = fit("multilabel", rows, targets)
    logits = regression.logits(rows)
    assert logits.dtype == np.float32
    assert regression.learned.all()
    for label in range(2):
        expected = LogisticRegression(**SETTINGS).fit(rows, targets[:, label]).decision_function(rows)
        np.testing.assert_allclose(logits[:, label], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("present", [(0, 1, 2), (0, 2)])
def test_one_of_many_is_learned_at_once_whichever_labels_there_are(rows, present):
    chosen = np.asarray(present)[np.digitize(rows.toarray()[:, 0], np.linspace(-0.5, 0.5, len(present) - 1))]
    regression = fit("multiclass", rows, np.eye(3, dtype=int)[chosen])
    scores = special.softmax(regression.logits(rows), axis=1)
    expected = LogisticRegression(**SETTINGS).fit(rows, chosen).predict_proba(rows)
    assert list(np.flatnonzero(regression.learned)) == list(present)
    # A label that no text has takes a little of all.
    np.testing.assert_allclose(scores[:, list(present)], expected, atol=1e-4 if len(present) == 3 else 0.01)
    assert (scores.argmax(axis=1) == chosen).mean() > 0.9


@pytest.mark.parametrize("held", [0, 1])
def test_a_label_of_one_class_has_the_score_of_its_frequency(rows, held):
    targets = np.stack([rows.toarray()[:, 0] > 0, np.full(60, held)], axis=1).astype(int)
    regression = fit("multilabel", rows, targets)
    scores = special.expit(regression.logits(rows))[:, 1]
    np.testing.assert_allclose(scores, (60 * held + 0.5) / 61, rtol=1e-5)
    expected = f"label 'rare': {60 * held} of 60 training examples have it; its score is the same for every text"
    assert notes("multilabel", ["common", "rare"], targets, regression) == [expected]


def test_of_one_label_alone_every_text_is_its(rows):
    targets = np.eye(3, dtype=int)[np.ones(60, int)]
    regression = fit("multiclass", rows, targets)
    scores = special.softmax(regression.logits(rows), axis=1)
    np.testing.assert_allclose(scores[:, 1], 1, atol=0.02)
    assert len(notes("multiclass", "abc", targets, regression)) == 3


@pytest.mark.parametrize(("kind", "targets"), [("binary", [[1], [0], [0]]), ("multiclass", [[1, 0], [0, 1], [0, 1]])])
def test_without_a_feature_all_is_frequency(kind, targets):
    regression = fit(kind, sparse.csr_matrix((3, 0), dtype=np.float32), np.array(targets))
    logits = regression.logits(sparse.csr_matrix((5, 0), dtype=np.float32))
    assert logits.shape == (5, len(targets[0]))
    assert np.isfinite(logits).all()
    assert (logits == logits[0]).all()
    assert not regression.learned.any()
