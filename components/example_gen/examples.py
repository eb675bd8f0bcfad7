"""A text and its labels as a tf.Example."""

from __future__ import annotations

import tensorflow as tf

from components.example_gen.bands import length_band
from components.example_gen.rows import Candidate
from components.example_gen.settings import DataSettings, LabelSettings
from components.example_gen.slices import source_of
from components.example_gen.token_counts import TokenCount
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


def to_example(row: Candidate, count: TokenCount, labels: LabelSettings, data: DataSettings) -> bytes:
    """The serialized tf.Example of a row.

    Features: `text`, `id`, `length_band`, `source` and each of `data.columns` bytes [1], and `text_pair` where there
    are two texts; `label` bytes, the names that the row holds; `target` int64 (see `LabelSettings.target`); `words`,
    `characters`, `tokens`, `span` int64 [1] (a span of 0 without spans); `unknown_rate` float [1]. The same row gives
    the same bytes wherever its file lies.

    Args:
        row: the row.
        count: of its tokens.
        labels: what the labels are called.
        data: says where the bands of length begin, where the rows are from, and what further columns they have.
    """
    # Filled in place, which takes half the time of making each message by itself.
    example = tf.train.Example()
    features = example.features.feature
    texts = {
        TEXT: row.text,
        ID: row.id,
        LENGTH_BAND: length_band(row.words, data.length_bands),
        SOURCE: source_of(row.file, data),
    }
    texts.update(zip(data.columns, row.columns, strict=True))
    if row.text_pair is not None:
        texts[TEXT_PAIR] = row.text_pair
    for name, text in texts.items():
        features[name].bytes_list.value.append(text.encode())
    features[LABEL].bytes_list.value.extend([label.encode() for label in row.labels])
    features[TARGET].int64_list.value.extend(labels.target(row.labels))
    numbers = {WORDS: row.words, CHARACTERS: row.characters, TOKENS: count.tokens, SPAN: row.span or 0}
    for name, number in numbers.items():
        features[name].int64_list.value.append(number)
    features[UNKNOWN_RATE].float_list.value.append(count.unknown_rate)
    return example.SerializeToString(deterministic=True)
