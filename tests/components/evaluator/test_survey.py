from __future__ import annotations

import pytest
import tensorflow as tf

from components.evaluator.survey import Survey, survey
from components.example_gen.slices import MOST_VALUES

NEITHER = frozenset({"source", "span"})


def write(path, sources, spans=None):
    with tf.io.TFRecordWriter(str(path), options="GZIP") as writer:
        for place, source in enumerate(sources):
            example = tf.train.Example()
            example.features.feature["text"].bytes_list.value.append(b"a text")
            if source is not None:
                example.features.feature["source"].bytes_list.value.append(source.encode())
            if spans is not None:
                example.features.feature["span"].int64_list.value.append(spans[place])
            writer.write(example.SerializeToString())
    return str(path)


@pytest.mark.parametrize(
    ("files", "not_worth"), [(1, NEITHER), (2, {"span"}), (MOST_VALUES, {"span"}), (MOST_VALUES + 1, NEITHER)]
)
def test_one_file_says_nothing_and_too_many_nobody_reads(tmp_path, files, not_worth):
    sources = [f"{number % files}.csv" for number in range(2500)]
    halves = [write(tmp_path / "a.gz", sources[:1200]), write(tmp_path / "b.gz", sources[1200:])]
    assert survey(halves) == Survey(2500, frozenset(not_worth))


def test_spans_are_sliced_by_where_there_are_several(tmp_path):
    assert survey([write(tmp_path / "a.gz", ["x", "x"], [3, 4])]) == Survey(2, frozenset({"source"}))


def test_examples_without_a_source_and_no_examples_at_all(tmp_path):
    assert survey([write(tmp_path / "a.gz", [None] * 3)]) == Survey(3, NEITHER)
    assert survey([write(tmp_path / "b.gz", [])]) == Survey(0, NEITHER)
