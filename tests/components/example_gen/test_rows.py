from __future__ import annotations

from typing import Any

import pytest

from components.example_gen.normalise import text_id
from components.example_gen.rows import SERVING, BadRow, Candidate, Passed, Row, examine
from components.example_gen.settings import DataSettings, LabelSettings, Sample

LABELS = LabelSettings(aliases={"1": "pos"})


def examined(text, label: Any = "pos", official=None, labels=LABELS, pair=None, role="examples", **settings) -> Any:
    data = DataSettings(source="files", **settings)
    return examine(Row("reviews.csv", 7, text, label, pair, official), data, labels, 3, role)


def test_candidate_holds_the_text_as_given():
    text = "  Great.<br /><br />See\tit! "
    candidate = examined(text, "1", official="test")
    assert candidate == Candidate(
        id=text_id(text),
        text=text,
        text_pair=None,
        labels=("pos",),
        file="reviews.csv",
        line=7,
        split="test",
        is_official_test=True,
        words=3,
        characters=28,
        span=3,
        role="examples",
    )


def test_row_that_is_not_sampled():
    assert examined("fine", sample=Sample(1e-9)) is Passed.NOT_SAMPLED


def test_a_stratified_sample_is_drawn_later():
    assert isinstance(examined("fine", sample=Sample(1e-9, stratify=True)), Candidate)


def test_row_that_was_never_labelled():
    assert examined("fine", None) is Passed.UNLABELLED


def test_users_texts_need_no_label():
    candidate = examined("fine", None, role=SERVING)
    assert isinstance(candidate, Candidate)
    assert candidate.labels == ()


def test_values_of_columns_are_kept_and_what_cannot_be_written_is_told():
    data = DataSettings(source="files", columns=("channel", "app"))

    def of(*values) -> Any:
        return examine(Row("a.csv", 7, "fine", "pos", None, None, values), data, LABELS)

    assert of("web", "(none)").columns == ("web", "(none)")
    bad = of("web", "caf\udce9")
    assert (bad.reason, bad.detail) == (
        "invalid UTF-8",
        "byte 0xE9, which is not UTF-8, at character 4 of column 'app'",
    )
    assert of("w\0", "x").detail == "column 'channel' holds a NUL character at character 2"


MANY = LabelSettings("multilabel", ("rude", "threat", "insult"), {"Rude": "rude"})


@pytest.mark.parametrize(
    ("values", "names"), [((), ()), (("insult", "Rude"), ("rude", "insult")), (("rude", "Rude"), ("rude",))]
)
def test_many_labels_are_held_in_the_order_of_their_names(values, names):
    candidate = examined("fine", values, labels=MANY)
    assert isinstance(candidate, Candidate)
    assert candidate.labels == names


def test_one_unknown_label_of_many_is_told():
    row = examined("fine", ("rude", "odd"), labels=MANY)
    assert isinstance(row, BadRow)
    assert row.detail == "label 'odd' is none of rude, threat, insult, Rude (labels.names, labels.aliases)"


def test_two_labels_where_a_row_has_one():
    row = examined("fine", ("pos", "neg"))
    assert isinstance(row, BadRow)
    assert row.detail == "there are 2 labels, but labels.kind binary has one a row"


def test_a_pair_is_identified_by_both_texts():
    pairs = {("a b", "c"), ("a", "b c"), ("c", "a b"), ("A  b", "C"), ("a b", "c<br>")}
    ids = {examined(first, pair=second).id for first, second in pairs}
    assert len(ids) == 3
    candidate = examined("a b", pair="c")
    assert (candidate.text_pair, candidate.words, candidate.characters) == ("c", 3, 4)


@pytest.mark.parametrize(
    ("pair", "detail"),
    [
        ("", "the second text is empty"),
        ("x" * 301, "the second text has 301 characters, more than data.max_characters 300"),
        ("\ud800", "half of a surrogate pair, \\ud800, at character 1 of the second text"),
    ],
)
def test_unfit_second_text(pair, detail):
    row = examined("fine", pair=pair, max_characters=300)
    assert isinstance(row, BadRow)
    assert row.detail == detail


@pytest.mark.parametrize(
    ("text", "label", "reason", "detail"),
    [
        ("caf\udce9", "pos", "invalid UTF-8", "byte 0xE9, which is not UTF-8, at character 4 of the text"),
        ("fine", "\udcffpos", "invalid UTF-8", "byte 0xFF, which is not UTF-8, at character 1 of the label"),
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
