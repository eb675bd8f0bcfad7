"""A Transform output of the tiny encoder, and transformed Examples to train on."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf
import tensorflow_transform as tft
from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils

from components.features import INPUT_WORD_IDS, TARGET, TEXT
from components.transform.preprocessing import preprocessing_fn

RAW = {
    TEXT: tf.io.FixedLenFeature([1], tf.string),
    TARGET: tf.io.FixedLenFeature([1], tf.int64),
}


@pytest.fixture(scope="session")
def encoder_settings(tiny_encoder: Path) -> dict:
    """The encoder section of a configuration, for the tiny encoder."""
    return {
        "handle": str(tiny_encoder), "vocab_file": None, "lower_case": None,
        "max_tokens": 16, "truncation": "head_tail", "pooling": "mean",
    }  # fmt: skip


@pytest.fixture(scope="session")
def transform_output(tmp_path_factory: pytest.TempPathFactory, encoder_settings: dict) -> tft.TFTransformOutput:
    """What TFX's Transform leaves for a trainer, made by TensorFlow Transform itself."""
    import tensorflow_transform.beam as tft_beam

    folder = tmp_path_factory.mktemp("transform")
    raw_metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(RAW))
    rows = [{TEXT: [b"a good movie"], TARGET: [1]}, {TEXT: [b"bad"], TARGET: [0]}]
    with tft_beam.Context(temp_dir=str(folder / "tmp")):
        transform_fn = (rows, raw_metadata) | tft_beam.AnalyzeDataset(
            lambda inputs: preprocessing_fn(inputs, {"encoder": encoder_settings})
        )
        _ = transform_fn | tft_beam.WriteTransformFn(str(folder / "output"))
    # WriteTransformFn leaves the metadata of what goes out, which the trainer parses by.
    return tft.TFTransformOutput(str(folder / "output"))


def write_transformed(path: Path, rows: list[tuple[list[int], float]]) -> str:
    """Transformed Examples of (ids, target), as Transform materialises them."""
    with tf.io.TFRecordWriter(str(path), options="GZIP") as writer:
        for ids, target in rows:
            features = {
                INPUT_WORD_IDS: tf.train.Feature(int64_list=tf.train.Int64List(value=ids)),
                TARGET: tf.train.Feature(float_list=tf.train.FloatList(value=[target])),
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    return str(path)
