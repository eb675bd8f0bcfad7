"""Writes a schema for new data: what TensorFlow Data Validation (TFDV) infers, our bounds and comparators, and comments
by which a person can review it. Pure.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_metadata.proto.v0.statistics_pb2 import (  # pyright: ignore[reportAttributeAccessIssue]
    DatasetFeatureStatisticsList,
    FeatureNameStatistics,
)

from components.curated_schema.narrow import COLUMN_MEANING, TOKENS_A_CHARACTER
from components.curated_schema.thresholds import (
    LENGTH_DRIFT,
    LENGTH_SKEW,
    UNKNOWN_SKEW,
    label_threshold,
    length_threshold,
    rates_threshold,
)
from components.data_gate.histograms import quantile
from components.data_gate.sentences import measured_values, number, percent
from components.errors import DataError
from components.features import (
    BINARY,
    CHARACTERS,
    ID,
    LABEL,
    LENGTH_BAND,
    MULTILABEL,
    SOURCE,
    SPAN,
    TARGET,
    TEXT,
    TEXT_PAIR,
    TOKENS,
    TRAIN,
    UNKNOWN_RATE,
    WORDS,
)

# The order in which people read them.
ORDER = (TEXT, TEXT_PAIR, LABEL, TARGET, ID, WORDS, CHARACTERS, TOKENS, UNKNOWN_RATE, LENGTH_BAND, SPAN, SOURCE)
_WIDTH = 118

_MEANINGS = {
    TEXT: "The text as it was given, not cleaned.",
    TEXT_PAIR: "The second text, as it was given.",
    LABEL: "The names of the labels that the example holds.",
    TARGET: "What models and metrics read: 1 for what holds, 0 for what does not.",
    ID: "Hash of the normalised text, in hexadecimal.",
    WORDS: "At most (characters + 1) / 2 in each text, for words stand apart.",
    CHARACTERS: "At most data.max_characters in each text: longer ones go to the quarantine.",
    TOKENS: "The encoder's, before truncation, [CLS] and [SEP] included.",
    UNKNOWN_RATE: "Share of [UNK] among the encoder's pieces.",
    LENGTH_BAND: "Band of `words`, by data.length_bands.",
    SPAN: "The span that the example came from; 0 without spans.",
    SOURCE: "The name of the file that the example came from, or that of data.source.",
}


def infer(
    statistics: Mapping[str, DatasetFeatureStatisticsList],
    kind: str,
    names: Sequence[str],
    max_characters: int,
    title: str,
) -> str:
    """A schema in protobuf's text format, which allows this data and what is like it.

    Args:
        statistics: of the splits, made with `stats_options`; `train` among them.
        kind: of the task's labels.
        names: theirs.
        max_characters: the most that the task lets a text have.
        title: what the data is, for the first line.

    Raises:
        DataError: there is no training example.
    """
    rows = int(statistics[TRAIN].datasets[0].num_examples)
    if not rows:
        raise DataError(
            "there is no training example that a schema could be inferred from; give data.path files with rows that "
            "can be used (bertline data check says what is wrong with them)"
        )
    inferred = tfdv.infer_schema(statistics[TRAIN], infer_feature_shape=True)
    for split in statistics.keys() - {TRAIN}:
        inferred = tfdv.update_schema(inferred, statistics[split])
    measured = {feature.path.step[0]: feature for feature in statistics[TRAIN].datasets[0].features}
    features = {feature.name: feature for feature in inferred.feature}
    present = [name for name in (*ORDER, *sorted(features.keys() - set(ORDER))) if name in features]
    blocks = [
        _block(features[name], measured.get(name), kind, names, max_characters, TEXT_PAIR in features)
        for name in present
    ]
    return "".join([_head(title, rows), *blocks])


def _head(title: str, rows: int) -> str:
    return _comment(
        f"{title}: inferred from {number(rows)} training examples. Review it: a schema says what data must be, and "
        "this one says what it was. A distance (Jensen-Shannon, in bits) above a threshold stops the run."
    )


def _block(
    inferred: schema_pb2.Feature,
    measured: FeatureNameStatistics | None,
    kind: str,
    names: Sequence[str],
    max_characters: int,
    has_pairs: bool,
) -> str:
    name = inferred.name
    feature = schema_pb2.Feature(name=name, type=inferred.type)
    comments = []
    feature.annotation.comment.append(_MEANINGS.get(name, COLUMN_MEANING))
    if name == LABEL and kind == MULTILABEL:
        feature.value_count.max = len(names)
    else:
        feature.presence.CopyFrom(inferred.presence)
        _shape(feature, inferred, kind, len(names))
    comments += _bounds(feature, measured, names, max_characters, 2 if has_pairs else 1)
    comments += _comparators(feature, measured, kind)
    body = textwrap.indent(text_format.MessageToString(feature, as_utf8=True), "  ")
    return "".join(_comment(text) for text in comments) + f"feature {{\n{body}}}\n"


def _shape(feature: schema_pb2.Feature, inferred: schema_pb2.Feature, kind: str, labels: int) -> None:
    if feature.name == TARGET:
        feature.shape.dim.add(size=1 if kind == BINARY else labels)
    elif inferred.HasField("shape"):
        feature.shape.CopyFrom(inferred.shape)
    elif inferred.HasField("value_count"):
        feature.value_count.CopyFrom(inferred.value_count)


def _bounds(
    feature: schema_pb2.Feature,
    measured: FeatureNameStatistics | None,
    names: Sequence[str],
    max_characters: int,
    texts: int,
) -> list[str]:
    """Sets the feature's domain; the comments on it."""
    largest = {
        WORDS: texts * ((max_characters + 1) // 2),
        CHARACTERS: texts * max_characters,
        TOKENS: texts * TOKENS_A_CHARACTER * max_characters + 1 + texts,  # a [SEP] after each text
    }
    name = feature.name
    if name in largest:
        feature.int_domain.min, feature.int_domain.max = 1, largest[name]
        return [_seen(measured)] if measured is not None else []
    if name == LABEL:
        feature.string_domain.value.extend(names)
        return [_rates(measured)] if measured is not None else []
    if name not in ORDER and measured is not None:
        return [f"{_rates(measured)} Any other passes, unless the feature is given a string_domain."]
    if name == TARGET:
        feature.int_domain.min, feature.int_domain.max = 0, 1
    elif name == UNKNOWN_RATE:
        feature.float_domain.min, feature.float_domain.max = 0.0, 1.0
    elif name == SPAN:
        feature.int_domain.min = 0
    return []


def _seen(measured: FeatureNameStatistics) -> str:
    figures = number(quantile(measured, 0.5)), number(quantile(measured, 0.99)), number(measured.num_stats.max)
    return f"In the data: a median of {figures[0]}, 99 % up to {figures[1]}, at most {figures[2]}."


def _rates(measured: FeatureNameStatistics) -> str:
    held = dict(sorted(measured_values(measured).items(), key=lambda item: (-item[1], item[0])))
    examples = measured.string_stats.common_stats.num_non_missing + measured.string_stats.common_stats.num_missing
    if not held:
        return "In the data: none."
    return f"In the data: {', '.join(f'{name} {percent(count / examples)}' for name, count in held.items())}."


def _comparators(feature: schema_pb2.Feature, measured: FeatureNameStatistics | None, kind: str) -> list[str]:
    """Sets the feature's comparators; the comments on what they stand for."""
    if measured is None:
        return []
    if feature.name == LABEL:
        return _label_comparator(feature, measured, kind)
    if feature.name in (WORDS, TOKENS):
        drift, drifted = length_threshold(measured, LENGTH_DRIFT)
        skew, skewed = length_threshold(measured, LENGTH_SKEW)
        feature.drift_comparator.jensen_shannon_divergence.threshold = drift
        feature.skew_comparator.jensen_shannon_divergence.threshold = skew
        told = (
            f"Drift above {drift:g}: texts {drifted} than the span's before. "
            f"Skew above {skew:g}: users' texts {skewed} than these."
        )
        return [told]
    if feature.name == UNKNOWN_RATE:
        feature.skew_comparator.jensen_shannon_divergence.threshold = UNKNOWN_SKEW
        told = (
            f"Skew above {UNKNOWN_SKEW:g}: 10 % of users' texts hold pieces that the encoder does not know, where 1 % "
            "of these do."
        )
        return [told]
    return []


def _label_comparator(feature: schema_pb2.Feature, measured: FeatureNameStatistics, kind: str) -> list[str]:
    found = rates_threshold(measured) if kind == MULTILABEL else label_threshold(measured)
    if found is None:
        return ["No example holds a label, so that none are compared."]
    threshold, meaning = found
    feature.drift_comparator.jensen_shannon_divergence.threshold = threshold
    each = " Each label is compared by its own rate." if kind == MULTILABEL else ""
    return [f"Drift above {threshold:g}: {meaning}.{each}"]


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in textwrap.wrap(text, _WIDTH))
