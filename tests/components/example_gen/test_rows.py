from __future__ import annotations

import pytest

from components.example_gen.normalise import text_id
from components.example_gen.rows import BadRow, Candidate, Row, examine
from components.example_gen.settings import DataSettings, LabelSettings

LABELS = LabelSettings(aliases={"1": "pos"})


def examined(text, label="pos", official=None, **settings):
    data = DataSettings(source="files", **settings)
    return examine(Row("reviews.csv", 7, text, label, official), data, LABELS)


def test_candidate_holds_the_text_as_given():
    text = "  Great.<br /><br />See\tit! "
    candidate = examined(text, "1", official="test")
    assert candidate == Candidate(
        id=text_id(text),
        text=text,
        label="pos",
        file="reviews.csv",
        line=7,
        split="test",
        is_official_test=True,
        words=3,
    )


def test_row_that_is_not_sampled_is_none():
    assert examined("fine", sample_fraction=1e-9) is None


@pytest.mark.parametrize(
    ("text", "label", "reason", "detail"),
    [
        ("caf\udce9", "pos", "invalid UTF-8", "byte 0xE9 at character 4 of the text is not UTF-8"),
        ("fine", "\udcffpos", "invalid UTF-8", "byte 0xFF at character 1 of the label is not UTF-8"),
        ("a\0b", "pos", "NUL character", "the text holds a NUL character at character 2"),
        ("fine", "pos\0", "NUL character", "the label holds a NUL character at character 4"),
        ("", "pos", "empty text", "the text is empty"),
        (" <br /> \n\u00a0", "pos", "empty text", "the text is empty"),
        ("fine", "", "unknown label", "the label is empty"),
        ("fine", "good", "unknown label", "label 'good' is none of neg, pos, 1 (labels.names, labels.aliases)"),
        ("fine", "Pos", "unknown label", "label 'Pos' is none of neg, pos, 1 (labels.names, labels.aliases)"),
    ],
)
def test_unfit_row(text, label, reason, detail):
    assert examined(text, label) == BadRow("reviews.csv", 7, reason, detail, text)


def test_over_long_text_is_told_by_its_length_and_kept_in_part():
    row = examined("x" * 301, max_characters=300)
    assert isinstance(row, BadRow)
    assert (row.reason, row.text) == ("over-long text", "x" * 200)
    assert row.detail == "the text has 301 characters, more than data.max_characters 300"
    assert isinstance(examined("x" * 300, max_characters=300), Candidate)


def test_huge_unknown_label_is_shortened():
    row = examined("fine", "z" * 5000)
    assert isinstance(row, BadRow)
    assert len(row.detail) < 120


@pytest.mark.parametrize("text", ["\x85next line", "\U0001f600", "\u202eabc", "日本語の映画", "\ufeffx"])
def test_unusual_but_valid_text_is_fit(text):
    candidate = examined(text)
    assert isinstance(candidate, Candidate)
    assert candidate.text == text
