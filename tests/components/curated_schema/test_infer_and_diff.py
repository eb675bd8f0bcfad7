"""A schema made of data, and held against that data and other."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.curated_schema.diff import diff
from components.curated_schema.infer import ORDER, infer
from components.curated_schema.narrow import narrow
from components.curated_schema.thresholds import label_threshold, length_threshold, rates_threshold
from components.data_gate.comparators import check_comparators
from components.errors import DataError
from tests.components.curated_schema.examples import rows_of
from tests.components.data_gate.profiles import statistics


def parse(text):
    return text_format.Parse(text, schema_pb2.Schema())


@pytest.mark.parametrize(
    ("kind", "labels", "pair"),
    [
        ("binary", ["neg", "pos"], False),
        ("multiclass", ["a", "b", "c"], True),
        ("multilabel", ["x", "y", "z"], False),
    ],
)
def test_what_is_inferred_from_data_finds_nothing_in_it(measure, kind, labels, pair):
    measured = measure(labels, kind, pair=pair)
    text = infer(measured, kind, labels, 1000, "some data")
    inferred = parse(text)
    assert diff(inferred, measured).anomalies == []
    assert [f.name for f in inferred.feature] == [name for name in ORDER if name != "text_pair" or pair]
    check_comparators(inferred)
    assert narrow(text, kind, labels, pair) == text
    assert infer(measured, kind, labels, 1000, "some data") == text


def test_a_person_can_review_it(measure):
    lines = infer(measure(["neg", "pos"]), "binary", ["neg", "pos"], 1000, "reviews").splitlines()
    assert lines[0].startswith("# reviews: inferred from 400 training examples. Review it")
    assert max(map(len, lines)) <= 120
    assert "# In the data: neg 50.0 %, pos 50.0 %." in lines
    assert "# Drift above 0.0073: pos goes from 50.0 % to 60.0 %." in lines
    assert any(line.startswith("# Drift above 0.0") and "20.0 % longer" in line for line in lines)


def test_bounds_allow_what_the_task_allows(measure):
    features = {f.name: f for f in parse(infer(measure(["a", "b"], pair=True), "binary", ["a", "b"], 999, "x")).feature}
    assert features["characters"].int_domain.max == 2 * 999
    assert features["words"].int_domain.max == 2 * 500
    assert features["unknown_rate"].float_domain.max == 1.0


def test_diff_tells_what_the_schema_forbids(measure):
    measured = measure(["neg", "meh"])
    schema = parse(infer(measured, "binary", ["neg", "pos"], 1000, "x"))
    difference = diff(schema, measured)
    assert [(anomaly.split, anomaly.feature) for anomaly in difference.anomalies] == [
        ("train", "label"),
        ("eval", "label"),
    ]
    assert difference.anomalies[0].sentence.startswith('unknown value "meh" in 200 of 400 examples (50.0 %)')
    assert [(unused.feature, unused.sentence) for unused in difference.unused if unused.feature == "label"] == [
        ("label", 'no example has its value "pos"')
    ]


def test_diff_tells_what_the_schema_could_do_without(measure):
    measured = measure(["neg", "pos"])
    schema = parse(infer(measured, "binary", ["neg", "pos"], 100_000, "x"))
    schema.feature.add(name="stars", type=schema_pb2.INT)
    schema.feature[1].ClearField("drift_comparator")
    told = {unused.feature: unused.sentence for unused in diff(schema, measured).unused}
    assert set(told) == {"label", "characters", "stars"}
    assert told["stars"] == "no example has it"
    assert told["characters"].startswith("up to 100,000 is allowed, and the data goes up to ")
    assert told["label"].startswith("there is no drift_comparator")


def test_the_threshold_of_rare_labels_is_no_less_than_chance():
    [feature] = statistics(label=["common"] * 980 + ["rare"] * 20).datasets[0].features
    assert label_threshold(feature) == (0.005, "rare goes from 2.0 % to 5.1 %")


def only(**columns):
    """The statistics of the one feature of data with this column."""
    [feature] = statistics(**columns).datasets[0].features
    return feature


def test_one_class_is_told_by_what_it_falls_to():
    assert label_threshold(only(label=["pos"] * 1000)) == (0.052, "pos goes from 100.0 % to 90.0 %")


def test_the_rarest_of_many_labels_sets_the_threshold():
    held = [["toxic"]] * 1000 + [["toxic", "threat"]] * 30 + [[]] * 8970
    assert rates_threshold(only(label=held)) == (0.0021, "threat goes from 0.3 % to 1.2 %")


def test_lengths_that_hardly_vary_do_not_make_a_threshold_that_nothing_exceeds():
    assert length_threshold(only(words=[9] * 1000), 1.2) == (0.2, "less than 20.0 % longer")
    threshold, told = length_threshold(only(words=[1, 2, 3] * 300), 1.2)
    assert threshold < 0.15
    assert told == "about 20.0 % longer"
    wide = np.random.default_rng(0).lognormal(5, 2, 1000).astype(int) + 1
    assert length_threshold(only(words=wide), 1.2) == (0.02, "more than 20.0 % longer")


def test_labels_that_nothing_holds_get_no_comparator(measure):
    measured = measure(["x", "y"], "multilabel", none=True)
    text = infer(measured, "multilabel", ["x", "y"], 1000, "some data")
    label = next(feature for feature in parse(text).feature if feature.name == "label")
    assert not label.HasField("drift_comparator")
    assert "# No example holds a label, so that none are compared." in text
    assert list(label.string_domain.value) == ["x", "y"]


def test_a_schema_of_no_examples_is_refused(measure):
    measured = measure(["neg", "pos"])
    empty = {split: statistics(label=[]) for split in measured}
    with pytest.raises(DataError, match="there is no training example"):
        infer(empty, "binary", ["neg", "pos"], 1000, "some data")


def test_a_column_of_the_task_is_told_by_its_values_and_lets_others_pass():
    rows = list(rows_of(100, ["neg", "pos"]))
    columns = {name: [row[name] for row in rows] for name in rows[0]} | {"channel": ["web"] * 75 + ["mail"] * 25}
    measured = {"train": statistics(**columns)}
    text = infer(measured, "binary", ["neg", "pos"], 1000, "some data")
    assert "# In the data: web 75.0 %, mail 25.0 %. Any other passes, unless" in text
    channel = parse(text).feature[-1]
    assert (channel.name, channel.presence.min_fraction, channel.shape.dim[0].size) == ("channel", 1.0, 1)
    assert narrow(text, "binary", ["neg", "pos"], False, ["channel"]) == text
    other = {"train": statistics(**columns | {"channel": ["phone"] * 100})}
    assert diff(parse(text), other).anomalies == []
    channel_missing = {"train": statistics(**columns | {"channel": [[]] * 100})}
    assert [anomaly.feature for anomaly in diff(parse(text), channel_missing).anomalies] == ["channel"]


def test_a_feature_that_the_schema_does_not_have_is_an_anomaly(measure):
    measured = measure(["neg", "pos"])
    schema = parse(infer(measured, "binary", ["neg", "pos"], 1000, "x"))
    del schema.feature[-1]
    assert {anomaly.feature for anomaly in diff(schema, measured).anomalies} == {"source"}
