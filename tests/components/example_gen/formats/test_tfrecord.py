from __future__ import annotations

import pytest
import tensorflow as tf

from components.errors import DataError
from components.example_gen.formats import tfrecord
from components.example_gen.formats.columns import Columns
from components.example_gen.rows import BadRow, Row
from tests.components.example_gen import corpus
from tests.components.example_gen.formats.samples import COLUMNS, read_bytes


def feature(values):
    if values and isinstance(values[0], int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    if values and isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


def read(folder, *records, columns=COLUMNS):
    serialised = [
        tf.train.Example(
            features=tf.train.Features(feature={name: feature(values) for name, values in record.items()})
        ).SerializeToString()
        for record in records
    ]
    return read_bytes(folder, corpus.tfrecord(serialised), "a.tfrecord", columns)


def test_bytes_and_whole_numbers(tmp_path):
    rows = read(tmp_path, {"text": ["ä".encode()], "label": [b"pos"]}, {"text": [b"b\xe9"], "label": [-1]})
    assert rows == [Row("a.tfrecord", 1, "ä", "pos"), Row("a.tfrecord", 2, "b\udce9", "-1")]


@pytest.mark.parametrize(
    ("record", "detail"),
    [
        ({"text": [b"a"]}, "there is no feature 'label'"),
        ({"text": [b"a", b"b"], "label": [1]}, "feature 'text' has 2 values where one was expected"),
        ({"text": [], "label": [1]}, "feature 'text' has 0 values where one was expected"),
        ({"text": [5], "label": [1]}, "column 'text' holds 5, which is no text"),
        ({"text": [b"a"], "label": [1.5]}, "column 'label' holds 1.5, which is no text, whole number or boolean"),
    ],
)
def test_what_is_wrong_with_a_record(tmp_path, record, detail):
    good = {"text": [b"a"], "label": [b"b"]}
    _, bad, last = read(tmp_path, good, record, good)
    assert isinstance(bad, BadRow)
    assert (bad.line, bad.reason, bad.detail) == (2, "bad record", detail)
    assert last == Row("a.tfrecord", 3, "a", "b")


def test_many_labels(tmp_path):
    columns = Columns("text", label="label", holds_many=True)
    records = [{"text": [b"a"], "label": label} for label in ([b"x", b"y"], [], [3])]
    assert [row.label for row in read(tmp_path, *records, columns=columns)] == [("x", "y"), (), ("3",)]
    divided = columns._replace(label_delimiter=",")
    assert [row.label for row in read(tmp_path, {"text": [b"a"], "label": [b"x, y"]}, columns=divided)] == [("x", "y")]
    flags = Columns("text", None, ("one", "two"), ("x", "y"), True)
    records = [{"text": [b"a"], "one": [1], "two": [b"0"]}, {"text": [b"a"], "one": [0], "two": [b"true"]}]
    assert [row.label for row in read(tmp_path, *records, columns=flags)] == [("x",), ("y",)]


def test_first_record_is_checked(tmp_path):
    with pytest.raises(DataError, match=r"a\.tfrecord:1: there is no column 'title' .*; there are 'label', 'text'"):
        read(tmp_path, {"text": [b"a"], "label": [1]}, columns=Columns("title"))
    with pytest.raises(DataError, match=r"a\.tfrecord:1: the record is no tf\.Example; write the file with"):
        read_bytes(tmp_path, corpus.tfrecord([b"no proto"]), "a.tfrecord")


def test_every_truncation_is_the_end_of_some_record_or_damage(tmp_path):
    content = corpus.tfrecord([corpus.example(b"a", b"b"), corpus.example(b"c", b"d")])
    one = len(corpus.tfrecord([corpus.example(b"a", b"b")]))
    for length in range(one, len(content)):
        rows = read_bytes(tmp_path, content[:length], "a.tfrecord")
        assert rows[0] == Row("a.tfrecord", 1, "a", "b")
        damage = [(row.line, row.reason) for row in rows[1:]]
        assert damage == ([] if length == one else [(1, "damaged file")])


def test_first_record_may_be_bad(tmp_path):
    content = corpus.tfrecord([b"no proto", corpus.example(b"a", b"b")])
    bad, good = read_bytes(tmp_path, content, "a.tfrecord")
    assert (bad.line, bad.reason, good) == (1, "bad record", Row("a.tfrecord", 2, "a", "b"))
    bad, good = read(tmp_path, {"text": [b"a"]}, {"text": [b"a"], "label": [1]})
    assert (bad.line, bad.detail, good.line) == (1, "there is no feature 'label'", 2)
    content = corpus.tfrecord([b"no proto", *[tf.train.Example().SerializeToString()] * 3])
    with pytest.raises(DataError, match=r"a\.tfrecord:2: there is no column 'text'"):
        read_bytes(tmp_path, content, "a.tfrecord")


def test_record_beyond_every_text_is_skipped(tmp_path, monkeypatch):
    monkeypatch.setattr(tfrecord, "_MAX_RECORD_BYTES", 1000)
    monkeypatch.setattr(tfrecord, "_SKIPPED_AT_ONCE", 300)
    good, long = corpus.example(b"a", b"b"), corpus.example(b"a" * 5000, b"b")
    content = corpus.tfrecord([good, long, good])
    first, bad, last = read_bytes(tmp_path, content, "a.tfrecord")
    assert (bad.line, bad.reason) == (2, "over-long text")
    assert bad.detail == f"the record has {len(long)} bytes, more than 1000"
    assert (first.line, last.line) == (1, 3)
    assert [row.reason for row in read_bytes(tmp_path, content[:4000], "a.tfrecord")[1:]] == ["damaged file"]


OTHERS = Columns("text", label="label", others=("channel", "stars"))


def test_a_record_may_lack_further_features_that_another_has(tmp_path):
    records = [{}, {"channel": [b"web"]}, {"stars": [5]}, {"channel": [], "stars": [0]}]
    records = [{"text": [b"a"], "label": [b"b"], **record} for record in records]
    rows = read(tmp_path, *records, columns=OTHERS)
    assert [row.columns for row in rows] == [("(none)", "(none)"), ("web", "(none)"), ("(none)", "5"), ("(none)", "0")]
    [*_, two] = read(tmp_path, *records, records[0] | {"stars": [1, 2]}, columns=OTHERS)
    assert (two.line, two.detail) == (5, "feature 'stars' has 2 values where one was expected")
    with pytest.raises(DataError, match=r"a\.tfrecord:1: there is no column 'stars' \(data\.columns\)"):
        read(tmp_path, *records[:2], columns=OTHERS)
