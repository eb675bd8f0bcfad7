from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from components.linear_baseline import vectors
from components.linear_baseline.vectors import Vectoriser

TEXTS = ["red red blue", "blue green", "red blue", "a single odd"]


def fitted(texts, batch=2):
    vectoriser = Vectoriser()
    for start in range(0, len(texts), batch):
        vectoriser.add(texts[start : start + batch])
    return vectoriser, vectoriser.fit()


def weights(rows):
    """Every row's weights, of which only the features' order depends on the hash."""
    return [sorted(row[row > 0].tolist()) for row in rows.toarray()]


def test_it_weighs_as_scikit_learns_tfidf_does():
    vectoriser, rows = fitted(TEXTS)
    expected = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, token_pattern=r"(?u)\b\w+\b")
    for ours, theirs in (
        (rows, expected.fit_transform(TEXTS)),
        (vectoriser.transform(["Blue, blue RED"]), expected.transform(["Blue, blue RED"])),
    ):
        assert ours.dtype == np.float32
        for one, other in zip(weights(ours), weights(theirs), strict=True):
            assert one == pytest.approx(other, abs=1e-6)
    assert vectoriser.features == len(expected.vocabulary_) == 3


def test_batches_make_no_difference():
    one, other = (fitted(TEXTS, batch)[1] for batch in (1, 4))
    np.testing.assert_array_equal(one.toarray(), other.toarray())


def test_of_too_many_features_those_of_the_most_texts_stay(monkeypatch):
    monkeypatch.setattr(vectors, "_MOST_FEATURES", 1)
    vectoriser, rows = fitted(["x y", "y x", "z x", "y x"])
    assert vectoriser.features == 1
    assert rows.toarray()[:, 0].tolist() == [1, 1, 1, 1]
    assert vectoriser.transform(["y y"]).nnz == 0


@pytest.mark.parametrize("texts", [["!", "?"], ["one", "two"]])
def test_texts_without_a_word_in_common_have_no_feature(texts):
    vectoriser, rows = fitted(texts)
    assert vectoriser.features == 0
    assert rows.shape == (2, 0)
    assert vectoriser.transform(["one"]).shape == (1, 0)


def test_a_text_without_words_has_an_empty_row():
    vectoriser, _ = fitted(TEXTS)
    assert vectoriser.transform(["🙂 …", ""]).nnz == 0


@pytest.mark.parametrize(
    "text",
    [
        "हिंदी किताब",
        "ভালোবাসি আমি",
        "\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f \u0639\u0631\u0628\u064a",
        "cafe\u0301 au",
    ],
)
def test_marks_belong_to_the_word_they_stand_in(text):
    _, rows = fitted([text, text])
    assert rows.nnz == 2 * 3  # two words, and both beside each other


def test_ideographs_are_words_of_their_own():
    vectoriser, rows = fitted(["好电影", "好电视"])
    assert vectoriser.features == 3  # 好, 电 and both beside each other
    assert rows.nnz == 6
