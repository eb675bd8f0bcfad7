from __future__ import annotations

from typing import Any

import pytest

from components.errors import ConfigError, DataError
from components.example_gen.formats.columns import Columns, check_columns, check_settings, first_fit, row_maker
from components.example_gen.rows import BadRow, Row

MANY = Columns("text", label="label", holds_many=True)


def make(columns, *values) -> Any:
    return row_maker(columns, "file", "train")(7, values)


def label_of(columns, value):
    row = make(columns, "a", value)
    return row.detail if isinstance(row, BadRow) else row.label


def test_wanted_columns_have_the_keys_that_name_them():
    columns = Columns("a", "b", ("c", "d"), section="data.serving")
    assert columns.keyed == [
        ("data.serving.text", "a"),
        ("data.serving.text_pair", "b"),
        ("data.serving.label", "c"),
        ("data.serving.label", "d"),
    ]
    assert columns.wanted == ("a", "b", "c", "d")


def test_row_has_file_line_pair_and_official_split():
    assert make(Columns("a", "b", "c"), "one", "two", "pos") == Row("file", 7, "one", "pos", "two", "train")
    assert make(Columns("a"), "one") == Row("file", 7, "one", None, None, "train")


OTHERS = Columns("text", label="label", others=("channel", "stars"))


def test_further_columns_come_last_and_have_their_key():
    assert OTHERS.keyed[2:] == [("data.columns", "channel"), ("data.columns", "stars")]
    assert (OTHERS.wanted, OTHERS.required) == (("text", "label", "channel", "stars"), ("text", "label"))
    assert make(OTHERS, "one", "pos", "web", 5) == Row("file", 7, "one", "pos", None, "train", ("web", "5"))
    flags = Columns("text", None, ("a", "b"), ("x", "y"), True, others=("channel",))
    assert make(flags, "one", "1", "0", "web") == Row("file", 7, "one", ("x",), None, "train", ("web",))


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("web", "web"),
        ("  the\n web ", "the web"),
        (3, "3"),
        (True, "1"),
        (False, "0"),
        (None, "(none)"),
        ("", "(none)"),
        (" \t", "(none)"),
        ("x" * 100, "x" * 100),
        ("x" * 101, "x" * 99 + "…"),
    ],
)
def test_value_of_a_further_column(value, kept):
    assert make(OTHERS, "one", "pos", value, "").columns == (kept, "(none)")


@pytest.mark.parametrize("value", [1.5, ["web"], {"a": 1}])
def test_value_that_is_no_name_of_a_slice(value):
    row = make(OTHERS, "one", "pos", "web", value)
    assert (row.reason, row.text) == ("bad record", "one")
    assert row.detail == f"column 'stars' holds {value!r}, which is no text, whole number or boolean"


def test_rows_may_lack_further_columns_that_others_have():
    assert first_fit([], OTHERS) is None
    whole = ["stars", "channel", "label", "text"]
    assert first_fit([(1, ["text"]), (2, whole), (3, whole)], OTHERS) == (2, whole)
    sparse = [(1, ["text", "stars"]), (2, ["text", "label"]), (4, ["text", "label", "channel", "more"])]
    assert first_fit(sparse, OTHERS) == (2, ["text", "label", "channel", "stars"])
    assert first_fit(sparse[1:], OTHERS) == (2, ["text", "label", "channel"])
    assert first_fit(sparse[:1], OTHERS) == (1, ["text", "stars"])


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("pos", "pos"),
        (" pos ", " pos "),
        ("", ""),
        (0, "0"),
        (-3, "-3"),
        (True, "1"),
        (False, "0"),
        (10**20, str(10**20)),
    ],
)
def test_one_label(value, label):
    assert label_of(Columns("text", label="label"), value) == label


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (1.0, "column 'label' holds 1.0, which is no text, whole number or boolean"),
        (["pos"], "column 'label' holds ['pos'], which is no text, whole number or boolean"),
        ({"a": 1}, "column 'label' holds {'a': 1}, which is no text, whole number or boolean"),
        (None, "column 'label' is null where a label was expected"),
    ],
)
def test_no_label(value, detail):
    assert label_of(Columns("text", label="label"), value) == detail


@pytest.mark.parametrize(
    ("value", "label"), [([], ()), (["a", "b"], ("a", "b")), ([1, True, "x"], ("1", "1", "x")), (("a",), ("a",))]
)
def test_list_of_labels(value, label):
    assert label_of(MANY, value) == label


def test_text_of_labels():
    divided = MANY._replace(label_delimiter="|")
    assert label_of(divided, "a | b|c") == ("a", "b", "c")
    assert label_of(divided, " ") == ()
    assert label_of(divided, "a||b") == ("a", "", "b")  # which is no label's name, and told as such
    assert label_of(divided, ["a|b"]) == ("a|b",)
    assert "set data.label_delimiter" in label_of(MANY, "a|b")
    assert label_of(MANY, None) == "column 'label' is null where a list of labels was expected"
    assert label_of(MANY, [1.5]) == "column 'label' holds 1.5, which is no text, whole number or boolean"


@pytest.mark.parametrize(
    ("values", "label"),
    [
        (("0", "0"), ()),
        (("1", "0"), ("x",)),
        ((" true", "FALSE "), ("x",)),
        ((True, 1), ("x", "y")),
        ((1.0, 0), "column 'a' holds 1.0; 0, 1, true or false was expected"),
        (("0", ""), "column 'b' holds ''; 0, 1, true or false was expected"),
        (("0", None), "column 'b' holds None; 0, 1, true or false was expected"),
        ((2, 0), "column 'a' holds 2; 0, 1, true or false was expected"),
    ],
)
def test_columns_of_flags(values, label):
    row = make(Columns("text", None, ("a", "b"), ("x", "y"), True), "t", *values)
    assert (row.detail if isinstance(row, BadRow) else row.label) == label


@pytest.mark.parametrize("value", [None, 5, ["a"], {"a": "b" * 1000}], ids=["null", "number", "list", "object"])
def test_text_that_is_none(value):
    for row in (make(Columns("a"), value), make(Columns("b", "a"), "text", value)):
        assert isinstance(row, BadRow)
        assert row.detail.startswith("column 'a' holds ")
        assert row.detail.endswith(", which is no text")
        assert len(row.detail) < 150


def test_columns_that_are_missing_or_twice():
    with pytest.raises(
        DataError, match=r"^f:1: there is no column 'b' \(data\.label\); there are 'a'; set data\.label to"
    ):
        check_columns(["a"], Columns("a", label="b"), "f:1")
    with pytest.raises(DataError, match=r"^f:1: column 'a' \(data\.text\) stands 2 times; rename all but one"):
        check_columns(["a", "b", "a"], Columns("a", label="b"), "f:1")
    with pytest.raises(DataError) as error:
        check_columns([f"column {number}" * 100 for number in range(1000)], Columns("a"), "f:1")
    assert len(str(error.value)) < 2500


def test_columns_of_flags_go_with_names():
    check_settings(Columns("a", None, ("b", "c"), ("x", "y"), True))
    with pytest.raises(ConfigError, match=r"give a column for each name"):
        check_settings(Columns("a", None, ("b",), ("x", "y"), True))
    with pytest.raises(ConfigError, match=r"needs labels\.kind multilabel"):
        check_settings(Columns("a", None, ("b", "c"), ("x", "y")))


def test_huge_numbers_are_not_written_out():
    flags = make(Columns("text", None, ("a",), ("x",), True), "t", 10**4000)
    text = make(Columns("a"), 10**4000)
    for row in (flags, text):
        assert isinstance(row, BadRow)
        assert row.detail.startswith("column 'a' holds a huge number")
