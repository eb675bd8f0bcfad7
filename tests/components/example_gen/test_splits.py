from __future__ import annotations

import collections

import pytest

from components.example_gen.normalise import text_id
from components.example_gen.splits import is_sampled, split_of

WEIGHTS = {"train": 0.8, "eval": 0.1, "test": 0.1}
IDS = [text_id(f"review {number}") for number in range(5000)]


def shares(weights, official=None):
    counts = collections.Counter(split_of(id_, weights, official) for id_ in IDS)
    return {split: count / len(IDS) for split, count in counts.items()}


def test_shares_follow_the_weights():
    assert shares(WEIGHTS) == pytest.approx(WEIGHTS, abs=0.02)


def test_weights_are_relative_and_their_order_does_not_matter():
    scaled = {"test": 1, "eval": 1, "train": 8}
    assert [split_of(id_, scaled) for id_ in IDS] == [split_of(id_, WEIGHTS) for id_ in IDS]


def test_official_test_stays_and_official_train_is_divided_into_train_and_eval():
    assert shares(WEIGHTS, official="test") == {"test": 1.0}
    assert shares(WEIGHTS, official="train") == pytest.approx({"train": 8 / 9, "eval": 1 / 9}, abs=0.02)


def test_split_without_weight_gets_nothing():
    assert set(shares({"train": 1, "eval": 0, "test": 1})) == {"train", "test"}
    assert set(shares({"train": 1, "eval": 1, "test": 0})) == {"train", "eval"}


@pytest.mark.parametrize("extreme", ["0" * 32, "f" * 32])
def test_smallest_and_largest_id(extreme):
    assert split_of(extreme, WEIGHTS) in WEIGHTS


def test_splits_are_frozen():
    # Another value would move texts that a served model was trained on into its test split.
    assert "".join(split_of(id_, WEIGHTS)[1] for id_ in IDS[:40]) == "rrrrrrrvrrrrrrrrrrrrrrrerrrervrrrvrrrrrr"


@pytest.mark.parametrize("fraction", [0.05, 0.5, 0.9])
def test_sample_has_about_the_fraction_in_every_split(fraction):
    for split in WEIGHTS:
        members = [id_ for id_ in IDS if split_of(id_, WEIGHTS) == split]
        sampled = sum(is_sampled(id_, fraction) for id_ in members)
        assert sampled / len(members) == pytest.approx(fraction, abs=0.08)


def test_larger_sample_holds_the_smaller_one():
    small, large = ({id_ for id_ in IDS if is_sampled(id_, fraction)} for fraction in (0.2, 0.3))
    assert small < large


def test_everything_is_sampled_by_default():
    assert all(is_sampled(id_, 1.0) for id_ in IDS)
