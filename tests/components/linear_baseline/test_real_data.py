"""What the baseline reaches on real data, if it lies beside the repository."""

from __future__ import annotations

import csv
import lzma
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from components.linear_baseline.baseline import make_baseline
from tests.components.linear_baseline.corpus import task, write_splits

DATA = Path(__file__).parents[4] / "shared" / "data"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real data is not beside the repository"),
]


def test_insincere_questions(tmp_path):
    with lzma.open(DATA / "quora.csv.xz", "rt", encoding="utf-8", newline="") as file:
        rows = [(row["qid"], row["question_text"], None, [int(row["target"])]) for row in csv.DictReader(file)]
    chance = np.random.default_rng(0).permutation(len(rows))
    dealt = np.split(chance, [int(0.7 * len(rows)), int(0.8 * len(rows))])
    splits = {
        split: [rows[place] for place in places] for split, places in zip(("train", "eval", "test"), dealt, strict=True)
    }
    made = make_baseline(write_splits(tmp_path, **splits), task(names=("sincere", "insincere"), tune="f1"))
    targets = np.array([row[3][0] for row in splits["test"]])
    scores = made.scored["test"].scores[:, 0]
    assert roc_auc_score(targets, scores) > 0.92
    called = scores >= np.float32(made.decisions["thresholds"][0])
    hits = np.count_nonzero(called & (targets == 1))
    assert 2 * hits / (called.sum() + targets.sum()) > 0.5  # F1, of 6 % positives
    assert made.summary["decisions"]["ece"]["after"] < 0.02
