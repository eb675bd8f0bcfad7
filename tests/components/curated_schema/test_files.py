"""The schemas that come with bertline."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

import schema
from components.curated_schema.infer import ORDER
from components.data_gate.check import examine, validate
from components.data_gate.comparators import check_comparators
from components.data_gate.histograms import divergence
from components.example_gen.profile import Profiles
from components.features import CHARACTERS, LABEL, TARGET, TEXT_PAIR, TOKENS, UNKNOWN_RATE, WORDS

FILES = {file.parent.name: file for file in Path(schema.__path__[0]).glob("*/schema.pbtxt")}
TOXIC = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]


def parse(name):
    parsed = text_format.Parse(FILES[name].read_text(encoding="utf-8"), schema_pb2.Schema())
    return parsed, {feature.name: feature for feature in parsed.feature}


def test_there_is_one_for_each_task_and_one_for_any():
    assert set(FILES) == {"generic", "imdb", "quora", "toxic"}


@pytest.mark.parametrize("name", FILES)
def test_it_has_every_feature_once_and_in_order(name):
    parsed, _ = parse(name)
    expected = [feature for feature in ORDER if feature != TEXT_PAIR or name == "generic"]
    assert [feature.name for feature in parsed.feature] == expected
    assert all(feature.annotation.comment for feature in parsed.feature)


@pytest.mark.parametrize("name", FILES)
def test_its_comparators_are_of_what_is_compared(name):
    parsed, features = parse(name)
    check_comparators(parsed)
    assert {name for name, feature in features.items() if feature.HasField("drift_comparator")} == {
        LABEL,
        WORDS,
        TOKENS,
    }
    assert {name for name, feature in features.items() if feature.HasField("skew_comparator")} == {
        WORDS,
        TOKENS,
        UNKNOWN_RATE,
    }


@pytest.mark.parametrize("name", FILES)
def test_bounds_of_words_and_tokens_follow_from_characters(name):
    _, features = parse(name)
    characters = features[CHARACTERS].int_domain.max
    assert features[WORDS].int_domain.max == characters // 2
    assert features[TOKENS].int_domain.max == 3 * characters + 2


def test_toxic_comments_hold_any_of_six_labels():
    _, features = parse("toxic")
    assert list(features[LABEL].string_domain.value) == TOXIC
    assert (features[LABEL].value_count.min, features[LABEL].value_count.max) == (0, 6)
    assert not features[LABEL].HasField("presence")
    assert features[TARGET].shape.dim[0].size == 6


@pytest.mark.parametrize(
    ("rate", "same", "different"), [(0.003, 0.008, 0.012), (0.01, 0.02, 0.024), (0.1, 0.13, 0.135)]
)
def test_toxics_threshold_is_what_its_comment_says(rate, same, different):
    _, features = parse("toxic")
    threshold = features[LABEL].drift_comparator.jensen_shannon_divergence.threshold
    assert divergence([rate, 1 - rate], [same, 1 - same]) < threshold
    assert divergence([rate, 1 - rate], [different, 1 - different]) > threshold


@pytest.mark.parametrize("name", FILES)
def test_each_line_is_short_enough(name):
    assert max(map(len, FILES[name].read_text(encoding="utf-8").splitlines())) <= 120


@pytest.mark.parametrize(
    ("name", "kind", "labels"),
    [
        ("imdb", "binary", ["neg", "pos"]),
        ("quora", "binary", ["sincere", "insincere"]),
        ("toxic", "multilabel", TOXIC),
        ("generic", "multiclass", ["a", "b", "c"]),
    ],
)
def test_examples_of_the_task_pass(name, kind, labels, measure):
    from components.curated_schema.narrow import narrow

    parsed = text_format.Parse(narrow(FILES[name].read_text(), kind, labels, False), schema_pb2.Schema())
    measured = measure(labels, kind)
    findings = examine(validate(measured, parsed), measured, parsed, Profiles({}, None, None))
    assert findings.anomalies == []
