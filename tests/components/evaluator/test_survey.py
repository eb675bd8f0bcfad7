from __future__ import annotations

import pytest
import tensorflow as tf

from components.evaluator.survey import Survey, survey
from components.example_gen.slices import MOST_VALUES


def write(path, sources):
    with tf.io.TFRecordWriter(str(path), options="GZIP") as writer:
        for source in sources:
            example = tf.train.Example()
            example.features.feature["text"].bytes_list.value.append(b"a text")
            if source is not None:
                example.features.feature["source"].bytes_list.value.append(source.encode())
            writer.write(example.SerializeToString())
    return str(path)


@pytest.mark.parametrize(("files", "too_many"), [(MOST_VALUES, []), (MOST_VALUES + 1, ["source"])])
def test_a_source_of_too_many_files_is_not_sliced_by(tmp_path, files, too_many):
    sources = [f"{number % files}.csv" for number in range(2500)]
    halves = [write(tmp_path / "a.gz", sources[:1200]), write(tmp_path / "b.gz", sources[1200:])]
    assert survey(halves) == Survey(2500, frozenset(too_many))


def test_examples_without_a_source_and_no_examples_at_all(tmp_path):
    assert survey([write(tmp_path / "a.gz", [None] * 3)]) == Survey(3, frozenset())
    assert survey([write(tmp_path / "b.gz", [])]) == Survey(0, frozenset())
