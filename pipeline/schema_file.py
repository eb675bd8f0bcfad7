"""Finds and checks the curated schema of a task."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.errors import ConfigError
from pipeline.config import Labels

_FILE = "schema.pbtxt"


def read_schema(name_or_path: str, labels: Labels) -> str:
    """The text of a schema: one of `schema/` by its name, or a schema.pbtxt by its path.

    Raises:
        ConfigError: there is no such schema, it cannot be parsed, or its labels are not the configuration's.
    """
    origin, text = _read(name_or_path)
    schema = schema_pb2.Schema()
    try:
        text_format.Parse(text, schema)
    except text_format.ParseError as error:
        raise ConfigError(f"schema {origin}, line {error}; it must be a tensorflow.metadata Schema as text") from error
    _check_labels(schema, labels, origin)
    return text


def schema_names() -> list[str]:
    """The schemas that come with bertline."""
    return sorted(entry.name for entry in resources.files("schema").iterdir() if entry.joinpath(_FILE).is_file())


def _read(name_or_path: str) -> tuple[str, str]:
    if name_or_path in schema_names():
        return name_or_path, resources.files("schema").joinpath(name_or_path).joinpath(_FILE).read_text(
            encoding="utf-8"
        )
    path = Path(name_or_path)
    if not path.is_file():
        known = ", ".join(schema_names())
        raise ConfigError(f"schema is {name_or_path}: no such file; give a schema.pbtxt, or one of {known}")
    return str(path), path.read_text(encoding="utf-8")


def _check_labels(schema: schema_pb2.Schema, labels: Labels, origin: str) -> None:
    domains = [feature.string_domain.value for feature in schema.feature if feature.name == "label"]
    for domain in domains:
        if domain and set(domain) != set(labels.names):
            raise ConfigError(
                f"labels.names is {list(labels.names)}, but the schema {origin} allows {list(domain)}; "
                "make them the same, or set schema to generic"
            )
