from __future__ import annotations

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components import features
from components.errors import ConfigError
from pipeline.config import Labels
from pipeline.config_file import load_config, task_names
from pipeline.schema_file import read_schema, schema_names


@pytest.mark.parametrize("name", schema_names())
def test_every_schema_demands_each_raw_feature_of_every_example(name):
    labels = {"quora": Labels(names=("sincere", "insincere"))}.get(name, Labels())
    schema = text_format.Parse(read_schema(name, labels), schema_pb2.Schema())
    raw = {
        features.TEXT, features.LABEL, features.TARGET, features.ID,
        features.WORDS, features.CHARACTERS, features.LENGTH_BAND,
    }  # fmt: skip
    assert {feature.name for feature in schema.feature} == raw
    assert all(feature.presence.min_fraction == 1.0 for feature in schema.feature)


@pytest.mark.parametrize("task", task_names())
def test_every_task_goes_with_its_schema(task):
    config = load_config(task)
    assert "feature" in read_schema(config.schema_file, config.labels)


def test_labels_that_the_schema_does_not_allow_are_refused():
    with pytest.raises(ConfigError, match=r"labels.names is \['bad', 'good'\].*schema imdb allows \['neg', 'pos'\]"):
        read_schema("imdb", Labels(names=("bad", "good")))


def test_the_generic_schema_takes_any_labels():
    assert read_schema("generic", Labels(names=("bad", "good")))


def test_a_missing_schema_is_refused_with_those_there_are():
    with pytest.raises(ConfigError, match=r"schema is nope.pbtxt: no such file; .*generic, imdb, quora"):
        read_schema("nope.pbtxt", Labels())


def test_a_schema_that_cannot_be_parsed_is_refused_with_its_line(tmp_path):
    path = tmp_path / "schema.pbtxt"
    path.write_text("feature {\n  nome: 'text'\n}\n")
    with pytest.raises(ConfigError, match=r"schema\.pbtxt, line 2:") as refusal:
        read_schema(str(path), Labels())
    assert "nome" in str(refusal.value)
