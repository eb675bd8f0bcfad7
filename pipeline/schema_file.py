"""Finds and checks the curated schema of a task."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.curated_schema.narrow import narrow
from components.errors import ConfigError
from components.features import CHARACTERS, LABEL
from pipeline.config import Config

_FILE = "schema.pbtxt"


def read_schema(config: Config) -> str:
    """The text of a task's schema: one of `schema/` by its name, or a schema.pbtxt by its path.

    Raises:
        ConfigError: there is no such schema, it cannot be read, or it contradicts the configuration.
    """
    origin, text = _read(config.schema_file)
    schema = schema_pb2.Schema()
    try:
        text_format.Parse(text, schema)
    except text_format.ParseError as error:
        raise ConfigError(f"schema {origin}, line {error}; it must be a tensorflow.metadata Schema as text") from error
    for feature in schema.feature:
        if feature.name == LABEL:
            _check_labels(feature, config, origin)
        elif feature.name == CHARACTERS:
            _check_characters(feature, config, origin)
    return narrow(text, config.labels.kind, config.labels.names, config.data.text_pair is not None)


def schema_names() -> list[str]:
    """The schemas that come with bertline."""
    return sorted(entry.name for entry in resources.files("schema").iterdir() if entry.joinpath(_FILE).is_file())


def _read(name_or_path: str) -> tuple[str, str]:
    if name_or_path in schema_names():
        file = resources.files("schema").joinpath(name_or_path).joinpath(_FILE)
        return name_or_path, file.read_text(encoding="utf-8")
    path = Path(name_or_path)
    if not path.is_file():
        known = ", ".join(schema_names())
        raise ConfigError(f"schema is {name_or_path}: no such file; give a schema.pbtxt, or one of {known}")
    try:
        return str(path), path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"schema is {path}, which cannot be read: {error}") from error


def _check_labels(feature: schema_pb2.Feature, config: Config, origin: str) -> None:
    domain, names = list(feature.string_domain.value), list(config.labels.names)
    if domain and set(domain) != set(names):
        raise ConfigError(
            f"labels.names is {names}, but the schema {origin} allows {domain}; make them the same, "
            "or set schema to generic"
        )


def _check_characters(feature: schema_pb2.Feature, config: Config, origin: str) -> None:
    """A text that ingestion takes must not stop the whole run at the data gate."""
    most, limit = feature.int_domain.max, config.data.max_characters
    if most and limit > most:
        raise ConfigError(
            f"data.max_characters is {limit}, but the schema {origin} allows {most}; set it to {most} or less"
        )
