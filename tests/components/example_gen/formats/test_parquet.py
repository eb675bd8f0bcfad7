from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import DataError
from components.example_gen.formats.columns import Columns
from components.example_gen.rows import Row
from tests.components.example_gen.formats.samples import COLUMNS, read_bytes


def read(folder, columns=COLUMNS, **arrays):
    written = io.BytesIO()
    pq.write_table(pa.table(arrays), written, row_group_size=2)
    return read_bytes(folder, written.getvalue(), "a.parquet", columns)


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.dictionary(pa.int32(), pa.string())],
    ids=str,
)
def test_texts_and_labels_of_any_kind_of_text(tmp_path, kind):
    texts, labels = pa.array(["a", None, "ä"]), pa.array(["pos", "neg", "pos"])
    if pa.types.is_dictionary(kind):
        texts, labels = texts.dictionary_encode(), labels.dictionary_encode()
    else:
        texts, labels = texts.cast(kind), labels.cast(kind)
    assert read(tmp_path, text=texts, label=labels) == [
        Row("a.parquet", 1, "a", "pos"),
        Row("a.parquet", 2, "", "neg"),
        Row("a.parquet", 3, "ä", "pos"),
    ]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (pa.array([1, 0]), ["1", "0"]),
        (pa.array([1, 0], pa.uint8()), ["1", "0"]),
        (pa.array([True, False]), ["1", "0"]),
        (pa.array([7, 8]).dictionary_encode(), ["7", "8"]),
    ],
)
def test_labels_that_are_numbers(tmp_path, labels, expected):
    assert [row.label for row in read(tmp_path, text=pa.array(["a", "b"]), label=labels)] == expected


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.string()), pa.large_list(pa.large_string()), pa.list_(pa.binary())], ids=str
)
def test_lists_of_labels(tmp_path, kind):
    columns = Columns("text", label="label", holds_many=True)
    labels = pa.array([["x", "y"], [], None], kind)
    first, second, third = read(tmp_path, columns, text=pa.array(["a", "b", "c"]), label=labels)
    assert (first.label, second.label) == (("x", "y"), ())
    assert (third.line, third.reason) == (3, "unknown label")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())], ids=str)
def test_text_that_is_no_utf8_is_kept_as_it_is(tmp_path, kind):
    raw = pa.array([b"caf\xe9", b"fine"])
    if pa.types.is_dictionary(kind):
        texts = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int32()), raw.view(pa.string()))
    else:
        texts = raw.view(pa.string()).cast(kind) if kind == pa.string() else raw.cast(pa.large_binary()).view(kind)
    rows = read(tmp_path, text=texts, label=pa.array([1, 1]))
    assert [row.text for row in rows] == ["caf\udce9", "fine"]


def test_labels_in_lists_that_are_no_utf8(tmp_path):
    labels = pa.ListArray.from_arrays(pa.array([0, 1, 2]), pa.array([b"x", b"\xe9"]).view(pa.string()))
    columns = Columns("text", label="label", holds_many=True)
    rows = read(tmp_path, columns, text=pa.array(["a", "b"]), label=labels)
    assert [row.label for row in rows] == [("x",), ("\udce9",)]


def test_columns_are_found_by_name_and_others_are_not_read(tmp_path):
    pair = Columns("second", "first", "label")
    arrays = {
        "first": pa.array(["a"]),
        "other": pa.array([{"deep": 1}]),
        "label": pa.array(["x"]),
        "second": pa.array(["b"]),
    }
    assert read(tmp_path, pair, **arrays) == [Row("a.parquet", 1, "b", "x", "a")]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"text": pa.array(["a"])}, r"a\.parquet: there is no column 'label' \(data\.label\); there are 'text'"),
        ({"text": pa.array([1]), "label": pa.array([1])}, r"'text' \(data\.text\) is of type int64, not text"),
        ({"text": pa.array(["a"]), "label": pa.array([1.5])}, "of type double, not text, whole numbers or booleans"),
        ({"text": pa.array(["a"]), "label": pa.array([["x"]])}, "'label' .* is of type list"),
    ],
)
def test_schema_is_checked(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, **arrays)


def test_column_that_stands_twice(tmp_path):
    written = io.BytesIO()
    texts = pa.array(["a"])
    pq.write_table(pa.Table.from_arrays([texts, texts, texts], ["text", "label", "text"]), written)
    with pytest.raises(DataError, match=r"column 'text' \(data\.text\) stands 2 times"):
        read_bytes(tmp_path, written.getvalue(), "a.parquet")


def test_no_rows(tmp_path):
    assert read(tmp_path, text=pa.array([], pa.string()), label=pa.array([], pa.string())) == []


OTHERS = Columns("text", label="label", holds_many=True, others=("channel",))
TEXT_AND_LABELS = {"text": pa.array(["a", "b"]), "label": pa.array([["x"], []])}


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        (pa.array(["web", None]), ["web", "(none)"]),
        (pa.array(["web", "web"]).dictionary_encode(), ["web", "web"]),
        (pa.array([7, None]), ["7", "(none)"]),
        (pa.array([True, False]), ["1", "0"]),
        (pa.array([None, None], pa.null()), ["(none)", "(none)"]),
    ],
)
def test_further_columns(tmp_path, values, kept):
    rows = read(tmp_path, OTHERS, **TEXT_AND_LABELS, channel=values)
    assert [row.columns for row in rows] == [(value,) for value in kept]


@pytest.mark.parametrize("values", [pa.array([1.5, 2.0]), pa.array([["web"], ["mail"]])], ids=["floats", "lists"])
def test_further_columns_of_another_type_are_refused(tmp_path, values):
    with pytest.raises(DataError, match=r"column 'channel' \(data\.columns\) is of type .* not text, whole numbers or"):
        read(tmp_path, OTHERS, **TEXT_AND_LABELS, channel=values)
