from __future__ import annotations

import copy

from pipeline.training_account import account_of_training

RECORD = {
    "epochs": {"loss": [0.5, 0.4], "val_auc": [0.9, 0.875]},
    "best_epoch": 1,
    "steps": 1200,
    "precision": "bfloat16",
    "devices": "one device",
    "resumed_at_step": None,
    "warm_start": None,
    "training": {"select_by": "auc"},
    "decisions": {
        "ece": {"before": 0.04, "after": 0.01}, "temperature": [1.5, 0.8], "thresholds": [0.31, 0.31],
        "tuned_for": "f1", "warnings": ["threat has too few examples"],
    },
    "float32": {"largest_difference": 0.00123, "flips": 2, "examples": 1000},
    "tracking_problems": [],
}  # fmt: skip


def test_a_training_is_told_in_sentences():
    assert account_of_training(RECORD) == [
        "trained 2 epochs, 1,200 steps in bfloat16 on one device; the best is epoch 1: auc 0.9000 on the eval split",
        (
            "temperature 0.8 to 1.5, calibration error (ECE) 0.0400 → 0.0100; threshold 0.31 (tuned for f1); float32 "
            "differs by 0.0012 in score, and in 2 of 1,000 answers"
        ),
        "note: threat has too few examples",
    ]


def test_where_it_began_and_what_failed_is_told():
    record = copy.deepcopy(RECORD) | {
        "resumed_at_step": 500,
        "warm_start": {"used": False, "reason": "another encoder"},
        "tracking_problems": ["W&B failed"],
    }
    record["decisions"] |= {"thresholds": None, "tuned_for": "none", "warnings": []}
    first, second, *rest = account_of_training(record)
    assert first.endswith("; went on at step 500")
    assert "threshold" not in second
    assert rest == ["note: not begun from the served model: another encoder", "note: W&B failed"]
