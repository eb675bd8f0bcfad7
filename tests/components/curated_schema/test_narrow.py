from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

import schema
from components.curated_schema.narrow import narrow

FOLDER = Path(schema.__path__[0])
GENERIC = (FOLDER / "generic" / "schema.pbtxt").read_text(encoding="utf-8")


def narrowed(kind, names, has_pairs=False):
    parsed = text_format.Parse(narrow(GENERIC, kind, names, has_pairs), schema_pb2.Schema())
    return {feature.name: feature for feature in parsed.feature}


@pytest.mark.parametrize(
    ("kind", "names", "size"), [("binary", ["a", "b"], 1), ("multiclass", ["a", "b", "c"], 3), ("multilabel", ["a"], 1)]
)
def test_target_has_the_shape_of_the_labels(kind, names, size):
    assert [dim.size for dim in narrowed(kind, names)["target"].shape.dim] == [size]


def test_one_label_is_in_every_example():
    label = narrowed("multiclass", ["a", "b", "c"])["label"]
    assert list(label.string_domain.value) == ["a", "b", "c"]
    assert label.presence.min_fraction == 1.0
    assert [dim.size for dim in label.shape.dim] == [1]


def test_many_labels_may_be_none():
    label = narrowed("multilabel", ["a", "b"])["label"]
    assert (label.value_count.min, label.value_count.max) == (0, 2)
    assert not label.HasField("presence")


def test_pairs_double_the_lengths():
    single, pair = narrowed("binary", ["a", "b"]), narrowed("binary", ["a", "b"], has_pairs=True)
    assert "text_pair" not in single
    assert pair["text_pair"].presence.min_fraction == 1.0
    for name in ("words", "characters", "tokens"):
        assert pair[name].int_domain.max == 2 * single[name].int_domain.max


@pytest.mark.parametrize("name", ["imdb", "quora"])
def test_a_schema_that_leaves_nothing_open_stays_as_it_is(name):
    text = (FOLDER / name / "schema.pbtxt").read_text(encoding="utf-8")
    assert narrow(text, "binary", ["neg", "pos"], False) == text


def test_the_tasks_own_columns_are_added_with_any_values():
    text = narrow((FOLDER / "imdb" / "schema.pbtxt").read_text(), "binary", ["neg", "pos"], False, ["channel", "app"])
    *_, channel, app = text_format.Parse(text, schema_pb2.Schema()).feature
    assert (channel.name, app.name) == ("channel", "app")
    assert (channel.presence.min_fraction, [dim.size for dim in channel.shape.dim]) == (1.0, [1])
    assert channel.type == schema_pb2.BYTES
    assert channel.WhichOneof("domain_info") is None
    assert "data.columns" in channel.annotation.comment[0]


def test_a_column_that_the_schema_has_stays_as_it_is_there():
    schema = text_format.Parse(GENERIC, schema_pb2.Schema())
    schema.feature.add(name="channel", type=schema_pb2.BYTES).string_domain.value.extend(["web", "mail"])
    text = narrow(text_format.MessageToString(schema), "binary", ["a", "b"], False, ["channel"])
    channels = [each for each in text_format.Parse(text, schema_pb2.Schema()).feature if each.name == "channel"]
    assert channels == [schema.feature[-1]]


def test_twice_is_as_once():
    once = narrow(GENERIC, "multilabel", ["a", "b"], True, ["channel"])
    assert narrow(once, "multilabel", ["a", "b"], True, ["channel"]) == once
