"""Texts as TF-IDF of words and pairs of neighbouring words, sublinear in how often each stands in a text.

N-grams are hashed rather than looked up: eight bytes are held for each that a training text has, and no dictionary of
all that there are. Of the buckets, four million, those that enough texts fill are the features.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from components.combining_marks import marks

Rows = Any
"""A scipy.sparse.csr_matrix, float32, a row a text: what is known of scikit-learn's types cannot say so."""

# One-letter words count (0.002 of accuracy on IMDB). Ideographs stand without spaces, and are words of their own, as in
# BERT's own tokenisation.
_IDEOGRAPHS = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_LETTERS = rf"[^\W{_IDEOGRAPHS}]"
_NGRAMS = (1, 2)
_BUCKETS = 1 << 22
# In how many training texts a feature must stand: the best of 1, 2 and 3, or within noise of it, for 100 reviews as for
# 25,000.
_LEAST_TEXTS = 2
# Half of what IMDB's 25,000 reviews would give, and as good.
_MOST_FEATURES = 200_000

SETTINGS: dict[str, Any] = {
    "ngrams": list(_NGRAMS),
    "sublinear_tf": True,
    "buckets": _BUCKETS,
    "least_texts": _LEAST_TEXTS,
    "most_features": _MOST_FEATURES,
}
"""How texts are made into numbers, for those who read of it."""


class Vectoriser:
    """From texts to sparse rows, float32: training texts are added, then it is fitted, once; then others can come."""

    def __init__(self) -> None:
        from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

        counting: dict[str, Any] = {"alternate_sign": False, "norm": None, "dtype": np.float32}
        self._hasher: Any = HashingVectorizer(
            token_pattern=_word(), ngram_range=_NGRAMS, n_features=_BUCKETS, **counting
        )
        self._weigher: Any = TfidfTransformer(sublinear_tf=SETTINGS["sublinear_tf"])
        self._counts: list[Rows] = []
        self._kept = np.zeros(0, np.int64)

    @property
    def features(self) -> int:
        """How many there are; none where the training texts have no word in common."""
        return len(self._kept)

    def add(self, texts: Sequence[str]) -> None:
        """Takes training texts."""
        self._counts.append(self._hasher.transform(texts))

    def fit(self) -> Rows:
        """The rows of all the training texts, [texts, features]. There must be one."""
        from scipy import sparse

        counts: Any = sparse.vstack(self._counts, format="csr")
        self._counts.clear()
        self._kept = _worth_keeping(counts)
        counts = counts[:, self._kept]
        return self._weigher.fit(counts).transform(counts, copy=False) if self.features else counts

    def transform(self, texts: Sequence[str]) -> Rows:
        """The rows of other texts, [texts, features]: nothing where a text has no word that the training texts had."""
        counts = self._hasher.transform(texts)[:, self._kept]
        return self._weigher.transform(counts, copy=False) if self.features else counts


def _word() -> str:
    """What a word looks like: letters and digits, with the marks that stand on them or between."""
    return rf"(?u)[{_IDEOGRAPHS}]|{_LETTERS}+(?:[{marks()}]+{_LETTERS}*)*"


def _worth_keeping(counts: Rows) -> np.ndarray:
    """The buckets, rising, that enough texts fill; of too many those that most texts do, and the lower of equals."""
    texts = np.bincount(counts.indices, minlength=counts.shape[1])
    enough = np.flatnonzero(texts >= _LEAST_TEXTS)
    most = np.argsort(-texts[enough], kind="stable")[:_MOST_FEATURES]
    return np.sort(enough[most])
