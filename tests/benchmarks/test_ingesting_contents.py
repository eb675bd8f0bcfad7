from __future__ import annotations

import pytest
import tensorflow as tf

from benchmarks.ingesting.contents import Contents, Equality, compare


def write(folder, split, *files):
    (folder / f"Split-{split}").mkdir(parents=True)
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    for index, records in enumerate(files):
        name = folder / f"Split-{split}" / f"data_tfrecord-{index:05d}-of-{len(files):05d}.gz"
        with tf.io.TFRecordWriter(str(name), options) as writer:
            for record in records:
                writer.write(record)


@pytest.fixture
def one(tmp_path):
    write(tmp_path / "one", "train", [b"a", b"b"], [b"c", b"c"])
    write(tmp_path / "one", "eval", [b"d"])
    return Contents.read(tmp_path / "one")


def test_examples_are_counted_by_split_and_files_by_their_place(one):
    assert one.counts == {"train": 4, "eval": 1}
    assert sorted(one.files) == [
        "Split-eval/data_tfrecord-00000-of-00001.gz",
        "Split-train/data_tfrecord-00000-of-00002.gz",
        "Split-train/data_tfrecord-00001-of-00002.gz",
    ]


@pytest.mark.parametrize(
    ("train", "equality"),
    [
        ([[b"a", b"b"], [b"c", b"c"]], Equality(sets=True, files=True)),
        ([[b"c", b"b"], [b"a", b"c"]], Equality(sets=True, files=False)),
        ([[b"c", b"a", b"b", b"c"]], Equality(sets=True, files=False)),
        ([[b"a", b"b"], [b"c"]], Equality(sets=False, files=False)),  # how often a record stands counts
        ([[b"a", b"b"], [b"c", b"x"]], Equality(sets=False, files=False)),
        ([[b"a"], [b"b", b"c", b"c", b""]], Equality(sets=False, files=False)),
    ],
)
def test_sets_are_equal_whatever_file_and_place_a_record_is_in(tmp_path, one, train, equality):
    write(tmp_path / "other", "train", *train)
    write(tmp_path / "other", "eval", [b"d"])
    assert compare(one, Contents.read(tmp_path / "other")) == equality


def test_a_record_in_another_split_is_a_difference(tmp_path, one):
    write(tmp_path / "other", "train", [b"a", b"b"], [b"c", b"d"])
    write(tmp_path / "other", "eval", [b"c"])
    assert not compare(one, Contents.read(tmp_path / "other")).sets


def test_two_runs_that_wrote_nothing_show_nothing(tmp_path):
    write(tmp_path / "empty", "train", [])
    empty = Contents.read(tmp_path / "empty")
    assert compare(empty, empty) == Equality(sets=False, files=False)
