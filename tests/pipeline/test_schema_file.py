from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components import features
from components.errors import ConfigError
from pipeline.config import Config
from pipeline.config_file import load_config, task_names
from pipeline.schema_file import read_schema


def config(schema: object, *overrides: str) -> Config:
    return load_config("demo", [f"schema={schema}", "data.max_characters=1000", "samples=[]", *overrides])


RAW = {
    features.TEXT, features.LABEL, features.TARGET, features.ID, features.WORDS, features.CHARACTERS, features.TOKENS,
    features.UNKNOWN_RATE, features.LENGTH_BAND, features.SPAN, features.SOURCE,
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


@pytest.mark.parametrize("schema", ["generic", "imdb"])
def test_columns_of_the_configuration_are_in_the_schema(schema):
    found = parsed(config(schema, "data={source: files, path: x, columns: [channel], max_characters: 1000}"))
    assert set(found) == {*RAW, "channel"}
    assert found["channel"].presence.min_fraction == 1


def test_labels_that_the_schema_does_not_allow_are_refused():
    with pytest.raises(ConfigError, match=r"labels.names is \['bad', 'good'\].*schema imdb allows \['neg', 'pos'\]"):
        read_schema(config("imdb", "labels.names=[bad, good]"))


def test_the_generic_schema_takes_any_labels():
    assert read_schema(config("generic", "labels.names=[bad, good]"))


def test_longer_texts_than_the_schema_allows_are_refused_before_they_can_stop_a_run():
    with pytest.raises(ConfigError, match=r"data.max_characters is 30001, .* allows 30000 .*; set it to 30000 or less"):
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


def generic() -> schema_pb2.Schema:
    return text_format.Parse(read_schema(config("generic")), schema_pb2.Schema())


def written(schema: schema_pb2.Schema, folder: Path) -> Path:
    path = folder / "schema.pbtxt"
    path.write_text(text_format.MessageToString(schema))
    return path


def feature(schema: schema_pb2.Schema, name: str) -> schema_pb2.Feature:
    return next(feature for feature in schema.feature if feature.name == name)


def test_a_comparator_that_compares_nothing_is_refused_before_any_work(tmp_path):
    schema = generic()
    feature(schema, features.SPAN).drift_comparator.jensen_shannon_divergence.threshold = 0.1
    with pytest.raises(
        ConfigError, match=r"schema .*schema\.pbtxt: .*drift_comparator for span, which is not compared"
    ):
        read_schema(config(written(schema, tmp_path)))


def test_a_schema_without_features_that_every_example_has_is_refused(tmp_path):
    schema = generic()
    del schema.feature[-2:]
    with pytest.raises(ConfigError, match=r"lacks span, source, .* bertline schema infer"):
        read_schema(config(written(schema, tmp_path)))


def test_a_schema_without_a_second_text_is_refused_for_pairs():
    with pytest.raises(ConfigError, match="schema quora lacks text_pair"):
        read_schema(
            config(
                "quora",
                "data={source: files, path: x, text_pair: b, max_characters: 100}",
                "labels.names=[sincere, insincere]",
            )
        )


def test_labels_that_a_shared_domain_does_not_allow_are_refused(tmp_path):
    schema = generic()
    schema.string_domain.add(name="moods", value=["glad", "sad"])
    feature(schema, features.LABEL).domain = "moods"
    path = written(schema, tmp_path)
    with pytest.raises(ConfigError, match=r"labels.names is .*allows \['glad', 'sad'\]"):
        read_schema(config(path, "labels.names=[bad, good]"))
    assert read_schema(config(path, "labels.names=[sad, glad]"))


def pairs(limit: int) -> Config:
    return config("generic", f"data={{source: files, path: x, text_pair: b, max_characters: {limit}}}")


def test_pairs_may_be_twice_as_long():
    assert read_schema(pairs(100_000))
    with pytest.raises(ConfigError, match=r"is 100001, .* allows 200000 characters, .* set it to 100000 or less"):
        read_schema(pairs(100_001))


@pytest.mark.parametrize(("name", "bound", "most"), [("words", 100, 200), ("tokens", 302, 100)])
def test_bounds_that_a_text_of_few_characters_may_exceed_are_refused(tmp_path, name, bound, most):
    schema = generic()
    feature(schema, name).int_domain.max = bound
    path = written(schema, tmp_path)
    with pytest.raises(ConfigError, match=rf"allows {bound} {name}, .* set it to {most} or less"):
        read_schema(config(path, f"data.max_characters={most + 1}"))
    assert read_schema(config(path, f"data.max_characters={most}"))
