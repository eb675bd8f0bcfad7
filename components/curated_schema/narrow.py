"""What a schema leaves open, closed by the task's labels and texts: `generic` is for all kinds of tasks. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.features import BINARY, CHARACTERS, LABEL, MULTILABEL, NO_VALUE, TARGET, TEXT_PAIR, TOKENS, WORDS

# Unicode's canonical decomposition, which lower-casing encoders begin with, makes three of one Korean syllable.
TOKENS_A_CHARACTER = 3
_LENGTHS = (CHARACTERS, WORDS, TOKENS)
COLUMN_MEANING = f"A column of the files, by data.columns; {NO_VALUE} where a row has no value."


def narrow(text: str, kind: str, names: Sequence[str], has_pairs: bool, columns: Sequence[str] = ()) -> str:
    """A schema with what the task decides put where the schema leaves it open; the same text where nothing is open.

    Open are: the shape of `target` and of `label` and the label's domain, and a `text_pair` without presence, which
    goes where the task has no pairs. Where it has, each of the two texts may be as long as the schema lets one be: its
    bounds of `words`, `characters` and `tokens` are doubled. The task's own columns are added where the schema does not
    have them, with any values.

    Args:
        text: a tensorflow_metadata Schema in protobuf's text format.
        kind: of the labels: `BINARY`, `MULTICLASS` or `MULTILABEL`.
        names: of the labels.
        has_pairs: whether an example has two texts.
        columns: the further columns of the files that examples have.
    """
    given = text_format.Parse(text, schema_pb2.Schema())
    narrowed = schema_pb2.Schema()
    narrowed.CopyFrom(given)
    features = {feature.name: feature for feature in narrowed.feature}
    if TARGET in features:
        _close_target(features[TARGET], kind, len(names))
    if LABEL in features:
        _close_label(features[LABEL], kind, names)
    if TEXT_PAIR in features and not features[TEXT_PAIR].HasField("presence"):
        _close_pair(narrowed, has_pairs)
    for column in columns:
        if column not in features:
            _add_column(narrowed, column)
    return text if narrowed == given else text_format.MessageToString(narrowed, as_utf8=True)


def _close_target(feature: schema_pb2.Feature, kind: str, labels: int) -> None:
    if not feature.HasField("shape"):
        feature.shape.dim.add(size=1 if kind == BINARY else labels)


def _close_label(feature: schema_pb2.Feature, kind: str, names: Sequence[str]) -> None:
    if not feature.HasField("shape") and not feature.HasField("value_count"):
        if kind == MULTILABEL:
            feature.value_count.max = len(names)
        else:
            feature.presence.min_fraction = 1.0
            feature.shape.dim.add(size=1)
    if feature.WhichOneof("domain_info") is None:
        feature.string_domain.value.extend(names)


def _close_pair(schema: schema_pb2.Schema, has_pairs: bool) -> None:
    for index, feature in reversed(list(enumerate(schema.feature))):
        if feature.name == TEXT_PAIR and not has_pairs:
            del schema.feature[index]
        elif feature.name == TEXT_PAIR:
            feature.presence.min_fraction = 1.0
            feature.shape.dim.add(size=1)
        elif feature.name in _LENGTHS and has_pairs and feature.HasField("int_domain"):
            feature.int_domain.max *= 2


def _add_column(schema: schema_pb2.Schema, column: str) -> None:
    feature = schema.feature.add(name=column, type=schema_pb2.BYTES)
    feature.annotation.comment.append(COLUMN_MEANING)
    feature.presence.min_fraction, feature.presence.min_count = 1.0, 1
    feature.shape.dim.add(size=1)
