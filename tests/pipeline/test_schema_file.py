from __future__ import annotations

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components import features
from components.errors import ConfigError
from pipeline.config import Config
from pipeline.config_file import load_config, task_names
from pipeline.schema_file import read_schema


def config(schema: object, *overrides: str) -> Config:
    return load_config("demo", [f"schema={schema}", "data.max_characters=1000", *overrides])


RAW = {
    features.TEXT, features.LABEL, features.TARGET, features.ID, features.WORDS, features.CHARACTERS, features.TOKENS,
    features.UNKNOWN_RATE, features.LENGTH_BAND, features.SPAN,
}  # fmt: skip


def parsed(task: Config) -> dict[str, schema_pb2.Feature]:
    schema = text_format.Parse(read_schema(task), schema_pb2.Schema())
    return {feature.name: feature for feature in schema.feature}


@pytest.mark.parametrize("task", [*(load_config(name) for name in task_names()), config("generic")])
def test_every_tasks_schema_demands_each_raw_feature_of_every_example(task):
    found = parsed(task)
    assert set(found) == RAW
    may_be_missing = {features.LABEL} if task.labels.kind == "multilabel" else set()
    assert {name for name, feature in found.items() if feature.presence.min_fraction < 1} == may_be_missing


def test_the_generic_schema_is_closed_by_the_configuration():
    pair = config("generic", "data={source: files, path: x, text_pair: b, max_characters: 1000}")
    assert set(parsed(pair)) == {*RAW, features.TEXT_PAIR}
    many = parsed(config("generic", "labels={kind: multilabel, names: [a, b, c]}"))
    assert (many[features.LABEL].value_count.max, many[features.TARGET].shape.dim[0].size) == (3, 3)
    assert list(many[features.LABEL].string_domain.value) == ["a", "b", "c"]


def test_labels_that_the_schema_does_not_allow_are_refused():
    with pytest.raises(ConfigError, match=r"labels.names is \['bad', 'good'\].*schema imdb allows \['neg', 'pos'\]"):
        read_schema(config("imdb", "labels.names=[bad, good]"))


def test_the_generic_schema_takes_any_labels():
    assert read_schema(config("generic", "labels.names=[bad, good]"))


def test_longer_texts_than_the_schema_allows_are_refused_before_they_can_stop_a_run():
    with pytest.raises(ConfigError, match=r"data.max_characters is 30001, .* allows 30000; set it to 30000 or less"):
        read_schema(load_config("demo", ["data.max_characters=30001"]))


def test_a_missing_schema_is_refused_with_those_there_are():
    with pytest.raises(ConfigError, match=r"schema is nope.pbtxt: no such file; .*generic, imdb, quora"):
        read_schema(config("nope.pbtxt"))


def test_a_schema_that_cannot_be_parsed_is_refused_with_its_line(tmp_path):
    path = tmp_path / "schema.pbtxt"
    path.write_text("feature {\n  nome: 'text'\n}\n")
    with pytest.raises(ConfigError, match=r"schema\.pbtxt, line 2:") as refusal:
        read_schema(config(path))
    assert "nome" in str(refusal.value)


def test_a_schema_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "schema.pbtxt"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"schema is .*schema\.pbtxt, which cannot be read"):
        read_schema(config(path))
