from __future__ import annotations

import pytest
import tensorflow as tf

from components.example_gen.examples import to_example
from components.example_gen.rows import Candidate

ROW = Candidate("0f" * 16, "Très <br />bon\n", "pos", "a.csv", 2, "train", False, words=2)


def features(serialized):
    return {
        name: list(getattr(feature, feature.WhichOneof("kind")).value)
        for name, feature in tf.train.Example.FromString(serialized).features.feature.items()
    }


def test_features():
    assert features(to_example(ROW, ("neg", "pos"), (100, 300))) == {
        "text": ["Très <br />bon\n".encode()],
        "label": [b"pos"],
        "target": [1],
        "id": [b"0f" * 16],
        "words": [2],
        "characters": [15],
        "length_band": [b"0-99"],
    }


@pytest.mark.parametrize(("names", "target"), [(("neg", "pos"), 1), (("pos", "neg"), 0)])
def test_second_name_is_the_positive_one(names, target):
    assert features(to_example(ROW, names, ()))["target"] == [target]


def test_parses_as_the_contract_says():
    spec = {
        **{name: tf.io.FixedLenFeature([1], tf.string) for name in ("text", "label", "id", "length_band")},
        **{name: tf.io.FixedLenFeature([1], tf.int64) for name in ("target", "words", "characters")},
    }
    parsed = tf.io.parse_single_example(to_example(ROW, ("neg", "pos"), (100, 300)), spec)
    assert parsed["target"].numpy().tolist() == [1]


def test_same_row_gives_the_same_bytes():
    assert len({to_example(ROW, ("neg", "pos"), (100, 300)) for _ in range(5)}) == 1
