from __future__ import annotations

import json

import numpy as np
import pytest

from components.evaluator.decisions import (
    Decisions,
    DecisionsError,
    default_decisions,
    read_decisions,
    written_decisions,
)
from components.signatures import DECISIONS_FILE

LABELS = {"kind": "multilabel", "names": ["a", "b"], "threshold": 0.3}


def _write(folder, content):
    file = folder / DECISIONS_FILE
    file.parent.mkdir()
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(folder)


def test_a_model_without_the_file_decides_at_the_configured_threshold(tmp_path):
    assert read_decisions(str(tmp_path), LABELS) == Decisions("multilabel", ("a", "b"), (0.3, 0.3))
    assert default_decisions(LABELS | {"kind": "binary"}) == Decisions("binary", ("a", "b"), (0.3,))
    assert default_decisions(LABELS | {"kind": "multiclass"}) == Decisions("multiclass", ("a", "b"), ())


def test_what_a_model_does_not_say_is_told(tmp_path):
    assert written_decisions(str(tmp_path)) is None


def test_the_file_is_what_counts(tmp_path):
    folder = _write(tmp_path, {"kind": "binary", "names": ["no", "yes"], "thresholds": [0.7], "temperature": [2.0]})
    assert read_decisions(folder, LABELS) == Decisions("binary", ("no", "yes"), (0.7,))


@pytest.mark.parametrize(
    "content",
    [
        "{", "[]", "{}",
        {"kind": "ranking", "names": ["a"], "thresholds": [0.5]},
        {"kind": "multilabel", "names": ["a", "b"], "thresholds": [0.5]},
        {"kind": "multilabel", "names": ["a", "b"], "thresholds": None},
        {"kind": "multiclass", "names": ["a", "b"], "thresholds": [0.5, 0.5]},
        {"kind": "binary", "names": ["a", "b"], "thresholds": ["high"]},
        {"kind": "multilabel", "names": "ab", "thresholds": [0.5, 0.5]},
        {"kind": "multilabel", "names": ["a", 2], "thresholds": [0.5, 0.5]},
    ],
)  # fmt: skip
def test_a_file_that_decides_nothing_is_an_error(tmp_path, content):
    with pytest.raises(DecisionsError, match=r"its assets\.extra/decisions\.json cannot be used"):
        read_decisions(_write(tmp_path, content), LABELS)


def test_a_score_at_the_threshold_in_float32_is_positive():
    threshold = np.float32(0.3)
    scores = np.array([[threshold, np.nextafter(threshold, np.float32(0))]], np.float32)
    np.testing.assert_array_equal(default_decisions(LABELS).decide(scores), [[1, 0]])


def test_of_equal_scores_the_first_is_the_likeliest():
    decisions = Decisions("multiclass", ("a", "b", "c"), ())
    scores = np.array([[0.4, 0.4, 0.2], [0.2, 0.3, 0.5]], np.float32)
    np.testing.assert_array_equal(decisions.decide(scores), [[1, 0, 0], [0, 0, 1]])
