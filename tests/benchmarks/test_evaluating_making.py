from __future__ import annotations

import json

import tensorflow as tf

from benchmarks.evaluating import examples, making


def test_an_untrained_model_has_the_signatures_of_a_trained_one(tmp_path, tiny_encoder):
    folder = making.write_untrained(tmp_path / "model", handle=str(tiny_encoder))
    loaded = tf.saved_model.load(str(folder))
    assert set(loaded.signatures) == {"serving_default", "serving_examples", "tokens"}
    written = examples.write(tmp_path / "examples", ["a good movie", "bad"], making.LABELS, (100,))
    records = list(tf.data.TFRecordDataset([str(written.file)], compression_type="GZIP").as_numpy_iterator())
    scores = loaded.signatures["serving_examples"](examples=tf.constant(records))["scores"]
    assert scores.shape == (2, 1)
    decisions = json.loads((folder / "assets.extra" / "decisions.json").read_text())
    assert (decisions["kind"], decisions["names"]) == ("binary", ["neg", "pos"])


def test_examples_are_what_the_step_takes_and_no_two_have_one_id(tmp_path):
    written = examples.write(tmp_path, ["a b c", "a b c", "", "d " * 20], making.LABELS, (10,))
    assert written.rows == 3  # an empty text is no example
    parsed = [
        tf.train.Example.FromString(record)
        for record in tf.data.TFRecordDataset([str(written.file)], compression_type="GZIP").as_numpy_iterator()
    ]
    assert len({example.features.feature["id"].bytes_list.value[0] for example in parsed}) == 3
    bands = [example.features.feature["length_band"].bytes_list.value[0] for example in parsed]
    assert bands == [b"0-9", b"0-9", b"10+"]
    assert [example.features.feature["target"].int64_list.value[0] for example in parsed] == [0, 1, 1]
