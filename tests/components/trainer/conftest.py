"""What a trainer is given: Transform outputs of the tiny encoder, transformed Examples to learn from, and jobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils

from components.features import INPUT_TYPE_IDS, INPUT_WORD_IDS, TARGET, TEXT, TEXT_PAIR
from components.trainer.job import Job
from components.transform.preprocessing import preprocessing_fn
from pipeline.config_training import Decisions, Tracking, Training

TransformOf = Callable[..., tft.TFTransformOutput]
NAMES = {"binary": ["neg", "pos"], "multilabel": ["kind", "long", "rude"], "multiclass": ["good", "bad", "neither"]}


@pytest.fixture(scope="session")
def encoder_settings(tiny_encoder: Path) -> dict:
    """The encoder section of a configuration, for the tiny encoder."""
    return {
        "handle": str(tiny_encoder), "vocab_file": None, "lower_case": None,
        "max_tokens": 16, "truncation": "head_tail", "pooling": "mean",
    }  # fmt: skip


@pytest.fixture(scope="session")
def transform_of(tmp_path_factory: pytest.TempPathFactory, encoder_settings: dict) -> TransformOf:
    """What TFX's Transform leaves for a trainer, made by TensorFlow Transform itself, by labels and kind of texts."""
    made: dict[tuple[int, bool], tft.TFTransformOutput] = {}

    def make(labels: int = 1, pair: bool = False) -> tft.TFTransformOutput:
        key = (labels, pair)
        if key not in made:
            made[key] = _transform(tmp_path_factory.mktemp("transform"), encoder_settings, labels, pair)
        return made[key]

    return make


@pytest.fixture(scope="session")
def transform_output(transform_of: TransformOf) -> tft.TFTransformOutput:
    """Of single texts with two labels."""
    return transform_of()


@pytest.fixture
def make_job(tmp_path: Path, encoder_settings: dict, transform_of: TransformOf) -> Callable[..., Job]:
    """A job of a task that can be learnt; keywords are settings of the section training."""

    def make(kind: str = "binary", pair: bool = False, **training: Any) -> Job:
        outputs = 1 if kind == "binary" else 3
        sizes = {"train": 96, "eval": 40}
        files = {
            split: write_transformed(tmp_path / f"{split}-{kind}-{pair}.gz", learnable(count, kind, pair, seed))
            for seed, (split, count) in enumerate(sizes.items())
        }
        small: dict[str, Any] = {"epochs": 2, "batch_size": 16, "learning_rate": 3e-3, "precision": "float32"}
        settings = {
            "encoder": encoder_settings,
            "training": Training(**(small | training)).model_dump(mode="json"),
            "labels": {"kind": kind, "names": NAMES[kind], "threshold": 0.5},
            "decisions": Decisions().model_dump(mode="json"),
            "tracking": Tracking(tensorboard=False).model_dump(mode="json"),
            "pair": pair,
            "checkpoints": str(tmp_path / "checkpoints"),
        }
        return Job(
            settings=settings,
            train_files=[files["train"]],
            eval_files=[files["eval"]],
            transform_output=str(Path(transform_of(outputs, pair).transform_savedmodel_dir).parent),
            log_dir=str(tmp_path / "run"),
        )

    return make


Row = tuple[list[int], list[float]]


def learnable(count: int, kind: str = "binary", pair: bool = False, seed: int = 0) -> list[Row]:
    """Rows whose labels can be read off certain ids: each label has one that stands in its texts alone."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        held = _held(kind, number, random)
        marks = [40 + place for place, holds in enumerate(held) if holds]
        noise = random.integers(5, 30, random.integers(1, 9)).tolist()
        ids = [2, *marks, 3, *noise, 3] if pair else [2, *noise, *marks, 3]
        rows.append((ids[:16], held))
    return rows


def _held(kind: str, number: int, random: np.random.Generator) -> list[float]:
    if kind == "binary":
        return [float(number % 2)]
    if kind == "multiclass":
        return [float(number % 3 == place) for place in range(3)]
    return [float(each) for each in random.random(3) < (0.5, 0.3, 0.2)]


def write_transformed(path: Path, rows: Sequence[tuple[list[int], float | list[float]]]) -> str:
    """Transformed Examples of (ids, target), as Transform materialises them; type ids are 1 after the first [SEP]."""
    with tf.io.TFRecordWriter(str(path), options="GZIP") as writer:
        for ids, target in rows:
            values = target if isinstance(target, list) else [target]
            types = np.cumsum([0, *(number == 3 for number in ids[:-1])]).clip(max=1).tolist()
            features = {
                INPUT_WORD_IDS: tf.train.Feature(int64_list=tf.train.Int64List(value=ids)),
                INPUT_TYPE_IDS: tf.train.Feature(int64_list=tf.train.Int64List(value=types)),
                TARGET: tf.train.Feature(float_list=tf.train.FloatList(value=values)),
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    return str(path)


def _transform(folder: Path, encoder: dict, labels: int, pair: bool) -> tft.TFTransformOutput:
    import tensorflow_transform.beam as tft_beam

    texts = (TEXT, TEXT_PAIR) if pair else (TEXT,)
    specs = {name: tf.io.FixedLenFeature([1], tf.string) for name in texts}
    specs[TARGET] = tf.io.FixedLenFeature([labels], tf.int64)
    raw_metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(specs))
    rows = [
        {**{name: [text] for name in texts}, TARGET: [value] * labels}
        for text, value in ((b"a good movie", 1), (b"bad", 0))
    ]
    with tft_beam.Context(temp_dir=str(folder / "tmp")):
        transform_fn = (rows, raw_metadata) | tft_beam.AnalyzeDataset(
            lambda inputs: preprocessing_fn(inputs, {"encoder": encoder, "pair": pair})
        )
        _ = transform_fn | tft_beam.WriteTransformFn(str(folder / "output"))
    # WriteTransformFn leaves the metadata of what goes out, which the trainer parses by.
    return tft.TFTransformOutput(str(folder / "output"))
