"""A text that passes here cannot be too long for the task's schema, which would stop the whole run."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

import schema
from components.example_gen.rows import BadRow, Candidate, Row, examine
from components.example_gen.settings import DataSettings, LabelSettings
from components.features import CHARACTERS, WORDS

FILES = sorted(Path(schema.__path__[0]).glob("*/schema.pbtxt"))


def domains(file):
    """The largest value of each integer that the schema allows."""
    parsed = text_format.Parse(file.read_text(encoding="utf-8"), schema_pb2.Schema())
    return {feature.name: feature.int_domain.max for feature in parsed.feature}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
@pytest.mark.parametrize("dense", ["x ", "x\n", "é "])
def test_the_longest_text_that_passes_has_no_more_words_than_the_schema_allows(file, dense):
    largest = domains(file)
    data = DataSettings(source="files", max_characters=largest[CHARACTERS])
    text = dense * (largest[CHARACTERS] // len(dense))
    row = examine(Row("a.csv", 2, text, "pos"), data, LabelSettings())
    assert isinstance(row, Candidate)
    assert len(row.text) == largest[CHARACTERS]
    assert row.words == largest[WORDS]
    assert isinstance(examine(Row("a.csv", 2, f"{text}x", "pos"), data, LabelSettings()), BadRow)


@pytest.mark.parametrize(
    "text", ["x", "x x", "x<br>x", "<br>x<br/>", "a b c ", " a", "\u00a8", "<br>\u0338", "<\u00a0b"]
)
def test_words_are_at_least_one_and_at_most_half_the_characters_rounded_up(text):
    row = examine(Row("a.csv", 2, text, "pos"), DataSettings(source="files"), LabelSettings())
    assert isinstance(row, Candidate)
    assert 1 <= row.words <= (len(text) + 1) // 2
