"""Finds and checks the curated schema of a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.curated_schema.narrow import TOKENS_A_CHARACTER, narrow
from components.data_gate.comparators import check_comparators
from components.data_gate.sentences import allowed_values
from components.errors import ConfigError, DataGateError
from components.features import (
    CHARACTERS,
    ID,
    LABEL,
    LENGTH_BAND,
    SOURCE,
    SPAN,
    TARGET,
    TEXT,
    TEXT_PAIR,
    TOKENS,
    UNKNOWN_RATE,
    WORDS,
)
from pipeline.config import Config

_FILE = "schema.pbtxt"
_EVERY_EXAMPLE = (TEXT, LABEL, TARGET, ID, WORDS, CHARACTERS, TOKENS, UNKNOWN_RATE, LENGTH_BAND, SPAN, SOURCE)
# How many characters each of an example's texts may have for a bound to hold. Words stand apart, so that a text has
# (characters + 1) / 2 at most; an encoder makes up to TOKENS_A_CHARACTER tokens of one, one [CLS], and a [SEP] a text.
_MOST_CHARACTERS: dict[str, Callable[[int, int], int]] = {
    CHARACTERS: lambda bound, texts: bound // texts,
    WORDS: lambda bound, texts: 2 * (bound // texts),
    TOKENS: lambda bound, texts: (bound - 1 - texts) // (TOKENS_A_CHARACTER * texts),
}


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
    _check_comparators(schema, origin)
    has_pairs = config.data.text_pair is not None
    narrowed = narrow(text, config.labels.kind, config.labels.names, has_pairs, config.data.columns)
    _check(text_format.Parse(narrowed, schema_pb2.Schema()), config, origin)
    return narrowed


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


def _check_comparators(schema: schema_pb2.Schema, origin: str) -> None:
    """The gate would refuse them too, after everything was read."""
    try:
        check_comparators(schema)
    except DataGateError as error:
        raise ConfigError(f"schema {origin}: {error}") from error


def _check(schema: schema_pb2.Schema, config: Config, origin: str) -> None:
    features = {feature.name: feature for feature in schema.feature}
    needed = (*_EVERY_EXAMPLE, TEXT_PAIR) if config.data.text_pair is not None else _EVERY_EXAMPLE
    missing = [name for name in needed if name not in features]
    if missing:
        raise ConfigError(
            f"schema {origin} lacks {', '.join(missing)}, which every example has; add them, or let bertline schema "
            "infer write a schema"
        )
    _check_labels(allowed_values(features[LABEL], schema), config, origin)
    _check_lengths(features, config, origin)


def _check_labels(allowed: list[str], config: Config, origin: str) -> None:
    names = list(config.labels.names)
    if allowed and set(allowed) != set(names):
        raise ConfigError(
            f"labels.names is {names}, but the schema {origin} allows {allowed}; make them the same, "
            "or set schema to generic"
        )


def _check_lengths(features: Mapping[str, schema_pb2.Feature], config: Config, origin: str) -> None:
    """A text that ingestion takes must not stop the whole run at the data gate."""
    limit, texts = config.data.max_characters, 1 if config.data.text_pair is None else 2
    for name, most_characters in _MOST_CHARACTERS.items():
        domain = features[name].int_domain
        if domain.HasField("max") and limit > most_characters(domain.max, texts):
            most = most_characters(domain.max, texts)
            raise ConfigError(
                f"data.max_characters is {limit}, but the schema {origin} allows {domain.max} {name}, which "
                f"{'a longer text' if texts == 1 else 'two longer texts'} may exceed; "
                + (f"set it to {most} or less, or raise the bound" if most > 0 else "raise the bound")
            )
