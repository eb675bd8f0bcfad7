from __future__ import annotations

import pytest
import tensorflow as tf

from components.example_gen.examples import to_example
from components.example_gen.rows import Candidate
from components.example_gen.settings import LabelSettings
from components.example_gen.token_counts import TokenCount

ROW = Candidate("0f" * 16, "Très <br />bon\n", None, ("pos",), "a.csv", 2, "train", False, 2, 15, 7, "examples")
COUNT = TokenCount(5, 0.25)
NAMES = LabelSettings()


def features(serialized):
    return {
        name: list(getattr(feature, feature.WhichOneof("kind")).value)
        for name, feature in tf.train.Example.FromString(serialized).features.feature.items()
    }


def test_features():
    assert features(to_example(ROW, COUNT, NAMES, (100, 300))) == {
        "text": ["Très <br />bon\n".encode()],
        "label": [b"pos"],
        "target": [1],
        "id": [b"0f" * 16],
        "words": [2],
        "characters": [15],
        "tokens": [5],
        "unknown_rate": [0.25],
        "span": [7],
        "length_band": [b"0-99"],
    }


@pytest.mark.parametrize(("names", "target"), [(("neg", "pos"), 1), (("pos", "neg"), 0)])
def test_second_name_is_the_positive_one(names, target):
    assert features(to_example(ROW, COUNT, LabelSettings(names=names), ()))["target"] == [target]


def test_parses_as_the_contract_says():
    spec = {
        **{name: tf.io.FixedLenFeature([1], tf.string) for name in ("text", "label", "id", "length_band")},
        **{name: tf.io.FixedLenFeature([1], tf.int64) for name in ("target", "words", "characters", "tokens", "span")},
        "unknown_rate": tf.io.FixedLenFeature([1], tf.float32),
    }
    parsed = tf.io.parse_single_example(to_example(ROW, COUNT, NAMES, (100, 300)), spec)
    assert parsed["target"].numpy().tolist() == [1]


def test_same_row_gives_the_same_bytes():
    assert len({to_example(ROW, COUNT, NAMES, (100, 300)) for _ in range(5)}) == 1


def test_pair_and_many_labels():
    row = ROW._replace(text_pair="second", labels=("c", "a"))
    example = features(to_example(row, COUNT, LabelSettings("multilabel", ("a", "b", "c")), ()))
    assert (example["text_pair"], example["label"], example["target"]) == ([b"second"], [b"c", b"a"], [1, 0, 1])


def test_no_label_of_many():
    serialized = to_example(ROW._replace(labels=()), COUNT, LabelSettings("multilabel", ("a", "b")), ())
    feature = tf.train.Example.FromString(serialized).features.feature
    assert (list(feature["label"].bytes_list.value), list(feature["target"].int64_list.value)) == ([], [0, 0])
