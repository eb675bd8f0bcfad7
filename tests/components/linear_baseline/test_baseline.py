"""The whole baseline on small made data: every kind of label, pairs, and what has nothing to learn from."""

from __future__ import annotations

import random

import numpy as np
import pytest

from components import progress
from components.errors import TrainingError
from components.linear_baseline import reading
from components.linear_baseline.baseline import make_baseline
from components.trainer.decisions import decide
from tests.components.linear_baseline.corpus import binary, task, text, write_splits


def binary_splits(folder):
    return write_splits(folder, train=binary(150), eval=binary(60, seed=1), test=binary(70, seed=2))


def of_labels(count, seed, labels_of, target_of):
    chance = random.Random(seed)
    held = [labels_of(number) for number in range(count)]
    return [
        (f"{seed}-{number}", text(*labels, chance=chance), None, target_of(labels))
        for number, labels in enumerate(held)
    ]


def accuracy(scored, rows):
    targets = np.array([row[3] for row in sorted(rows)])
    return float(((scored.sorted().scores > 0.5) == targets).mean())


def test_it_learns_and_tells(tmp_path):
    made = make_baseline(binary_splits(tmp_path), task())
    assert accuracy(made.scored["test"], binary(70, seed=2)) == 1
    summary = made.summary
    assert (summary["train_examples"], summary["eval_examples"], summary["test_examples"]) == (150, 60, 70)
    assert summary["features"] > 12
    assert summary["eval"]["auc"] == summary["eval"]["accuracy"] == 1
    assert summary["vectoriser"]["ngrams"] == [1, 2]
    assert summary["notes"] == []


def test_every_example_of_eval_and_test_has_its_score(tmp_path, monkeypatch):
    whole = make_baseline(binary_splits(tmp_path), task())
    monkeypatch.setattr(reading, "_BATCH_SIZE", 7)
    by_batches = make_baseline(binary_splits(tmp_path), task())
    assert set(whole.scored) == {"eval", "test"}
    for split, rows in (("eval", binary(60, seed=1)), ("test", binary(70, seed=2))):
        assert whole.scored[split].ids == by_batches.scored[split].ids == [row[0] for row in rows]
        np.testing.assert_allclose(whole.scored[split].scores, by_batches.scored[split].scores, atol=1e-6)


def test_done_again_it_gives_the_same(tmp_path):
    one, other = (make_baseline(binary_splits(tmp_path), task()) for _ in range(2))
    for split in ("eval", "test"):
        np.testing.assert_array_equal(one.scored[split].scores, other.scored[split].scores)
    assert one.decisions == other.decisions


def test_thresholds_and_temperature_are_those_that_the_trainer_would_find(tmp_path, monkeypatch):
    seen = {}

    def spy(*arguments):
        seen["arguments"], seen["decided"] = arguments, decide(*arguments)
        return seen["decided"]

    monkeypatch.setattr("components.linear_baseline.baseline.decide", spy)
    tuned = task(tune="recall", floor=0.9)
    made = make_baseline(binary_splits(tmp_path), tuned)
    kind, names, logits, targets, settings, threshold = seen["arguments"]
    assert (kind, names, settings, threshold) == ("binary", ["b", "a"], tuned.decisions, 0.5)
    assert logits.shape == targets.shape == (60, 1)
    assert set(made.decisions) == {"kind", "names", "thresholds", "temperature"}
    assert made.decisions["thresholds"] == seen["decided"].thresholds.tolist()
    assert made.decisions["temperature"] == seen["decided"].temperature.tolist()
    assert made.summary["decisions"] == seen["decided"].report


def test_any_of_many_and_a_label_that_never_occurs(tmp_path):
    def labels_of(number):
        return [label for label, every in (("a", 2), ("b", 3)) if number % every == 0]

    def rows(count, seed):
        return of_labels(count, seed, labels_of, lambda held: [int(label in held) for label in "abc"])

    files = write_splits(tmp_path, train=rows(150, 0), eval=rows(60, 1), test=rows(60, 2))
    made = make_baseline(files, task("multilabel", "abc", tune="f1"))
    assert accuracy(made.scored["test"], rows(60, 2)) == 1
    assert np.unique(made.scored["test"].scores[:, 2]).size == 1
    assert made.summary["notes"] == [
        "label 'c': 0 of 150 training examples have it; its score is the same for every text"
    ]
    assert len(made.decisions["thresholds"]) == len(made.decisions["temperature"]) == 3


@pytest.mark.parametrize("present", ["abc", "ac"])
def test_one_of_many(tmp_path, present):
    def rows(count, seed):
        target_of = {label: [int(label == name) for name in "abc"] for label in "abc"}
        return of_labels(count, seed, lambda number: [present[number % len(present)]], lambda held: target_of[held[0]])

    files = write_splits(tmp_path, train=rows(150, 0), eval=rows(60, 1), test=rows(60, 2))
    made = make_baseline(files, task("multiclass", "abc"))
    scores = made.scored["test"].scores
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)
    assert ["abc"[place] for place in scores.argmax(axis=1)] == [present[number % len(present)] for number in range(60)]
    assert made.decisions["thresholds"] is None
    assert len(made.decisions["temperature"]) == 1
    assert len(made.summary["notes"]) == 3 - len(present)


def test_the_texts_of_a_pair_are_told_apart(tmp_path):
    def rows(count, seed):
        chance = random.Random(seed)
        pairs = [(text("a", chance=chance), text("b", chance=chance)) for _ in range(count)]
        # The label says which of the two is a's: of all their words together, nothing could be learned.
        return [
            (f"{seed}-{number}", *((of_a, of_b) if number % 2 else (of_b, of_a)), [number % 2])
            for number, (of_a, of_b) in enumerate(pairs)
        ]

    files = write_splits(tmp_path, train=rows(120, 0), eval=rows(60, 1), test=rows(60, 2))
    made = make_baseline(files, task(pair=True))
    assert accuracy(made.scored["test"], rows(60, 2)) == 1


def test_texts_without_words_get_the_score_of_no_evidence(tmp_path):
    wordless = [(f"empty-{number}", shown, None, [0]) for number, shown in enumerate(["…", "🙂", "new unseen"])]
    files = write_splits(tmp_path, train=[*binary(150), *wordless], eval=binary(60, seed=1), test=wordless)
    scores = make_baseline(files, task()).scored["test"].scores
    assert np.isfinite(scores).all()
    assert np.unique(scores).size == 1


def test_a_training_split_of_one_class_or_without_a_word_crashes_nothing(tmp_path):
    only = [(identity, shown, None, [0]) for identity, shown, _, _ in binary(50)]
    wordless = [(identity, "…", None, target) for identity, _, _, target in binary(50)]
    for name, train in (("only", only), ("wordless", wordless)):
        files = write_splits(tmp_path / name, train=train, eval=binary(60, seed=1), test=binary(30, seed=2))
        made = make_baseline(files, task(tune="f1"))
        assert np.unique(made.scored["test"].scores).size == 1
        assert len(made.summary["notes"]) == 1


@pytest.mark.parametrize("empty", ["train", "eval"])
def test_an_empty_split_is_said_in_a_sentence(tmp_path, empty):
    splits = {"train": binary(50), "eval": binary(50, seed=1), "test": binary(50, seed=2)}
    with pytest.raises(TrainingError, match=rf"the {empty} split has no example.*data\.splits"):
        make_baseline(write_splits(tmp_path, **splits | {empty: []}), task())


def test_without_a_test_split_there_is_eval(tmp_path):
    made = make_baseline(write_splits(tmp_path, train=binary(50), eval=binary(50, seed=1), test=[]), task())
    assert (len(made.scored["eval"].ids), len(made.scored["test"].ids)) == (50, 0)


def test_progress_ends_at_all_texts(tmp_path):
    reports = []
    with progress.listening(reports.append):
        make_baseline(binary_splits(tmp_path), task())
    assert [(report.done, report.total) for report in reports] == [(150, 280), (210, 280), (280, 280)]
