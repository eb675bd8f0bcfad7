"""Training and serving read a text as the same ids: what Transform materialised is what the saved graph gives."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf
import tensorflow_transform as tft
from tensorflow_transform.tf_metadata import schema_utils
from tfx.components import Transform
from tfx.dsl.components.common import importer
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.local import local_dag_runner
from tfx.proto import transform_pb2
from tfx.types import standard_artifacts
from tfx.utils import io_utils

from components.encoders.handles import EMBEDDED
from components.features import INPUT_WORD_IDS, TARGET, TEXT, TRAIN
from components.trainer.dataset import read_examples
from components.transform.preprocessing import preprocessing_fn
from tests.components.transform.test_tokens import HOSTILE

MAX_TOKENS = 32
TEXTS = [text.encode() for text in HOSTILE] + [
    " ".join(text for text in HOSTILE if len(text) < 200).encode(),
    b"Great.<br /><br />< BR >See\nit!", b"a\xc3 \xff\xfe cut off \xed\xa0\x80",
    b"word " * 29, b"word " * 30, b"word " * 31, b"a " * 5000,
]  # fmt: skip


@pytest.fixture(scope="module")
def transformed(tmp_path_factory, embedded_encoder) -> tuple[tft.TFTransformOutput, str]:
    """What TFX's Transform leaves of TEXTS, set up as the pipeline does; a text's target is its number."""
    folder = tmp_path_factory.mktemp("transformed")
    encoder = {
        "handle": EMBEDDED, "vocab_file": None, "lower_case": None,
        "max_tokens": MAX_TOKENS, "truncation": "head_tail",
    }  # fmt: skip
    examples, schema = _examples(folder / "examples"), _schema(folder / "schema")
    transform = Transform(
        examples=examples.outputs["result"],
        schema=schema.outputs["result"],
        preprocessing_fn=f"{preprocessing_fn.__module__}.{preprocessing_fn.__name__}",
        splits_config=transform_pb2.SplitsConfig(analyze=[TRAIN], transform=[TRAIN]),
        custom_config={"encoder": encoder},
        disable_statistics=True,
    )
    local_dag_runner.LocalDagRunner().run(
        pipeline.Pipeline(
            pipeline_name="no_skew",
            pipeline_root=str(folder / "root"),
            components=[examples, schema, transform],
            metadata_connection_config=metadata.sqlite_metadata_connection_config(str(folder / "metadata.db")),
        )
    )
    [graph] = (folder / "root" / "Transform" / "transform_graph").iterdir()
    [written] = (folder / "root" / "Transform" / "transformed_examples").iterdir()
    return tft.TFTransformOutput(str(graph)), str(written / f"Split-{TRAIN}" / "*")


def _examples(folder: Path) -> importer.Importer:
    (folder / f"Split-{TRAIN}").mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / f"Split-{TRAIN}" / "data.gz"), options="GZIP") as writer:
        for number, text in enumerate(TEXTS):
            writer.write(_example(text, number).SerializeToString())
    return importer.Importer(
        str(folder),
        standard_artifacts.Examples,
        properties={"split_names": f'["{TRAIN}"]'},
        custom_properties={"payload_format": "FORMAT_TF_EXAMPLE", "file_format": "tfrecords_gzip"},
    ).with_id("examples")


def _example(text: bytes, number: int) -> tf.train.Example:
    features = {
        TEXT: tf.train.Feature(bytes_list=tf.train.BytesList(value=[text])),
        TARGET: tf.train.Feature(int64_list=tf.train.Int64List(value=[number])),
    }
    return tf.train.Example(features=tf.train.Features(feature=features))


def _schema(folder: Path) -> importer.Importer:
    spec = {TEXT: tf.io.FixedLenFeature([1], tf.string), TARGET: tf.io.FixedLenFeature([1], tf.int64)}
    folder.mkdir()
    io_utils.write_pbtxt_file(str(folder / "schema.pbtxt"), schema_utils.schema_from_feature_spec(spec))
    return importer.Importer(str(folder), standard_artifacts.Schema).with_id("schema")


class Serving(tf.Module):
    """Transform's graph as the exported model holds it."""

    def __init__(self, transform_output: tft.TFTransformOutput) -> None:
        super().__init__()
        self._preprocessing = transform_output.transform_features_layer()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def ids(self, text):
        return self._preprocessing({TEXT: text[:, None]})[INPUT_WORD_IDS]


@pytest.fixture(scope="module")
def served(transformed, tmp_path_factory):
    """The ids of texts by the graph that was saved and loaded again."""
    folder = str(tmp_path_factory.mktemp("served"))
    tf.saved_model.save(Serving(transformed[0]), folder)
    loaded = tf.saved_model.load(folder)
    return lambda texts: tf.RaggedTensor.from_sparse(loaded.ids(tf.constant(texts))).to_list()


def test_what_was_trained_on_is_what_is_served(transformed, served):
    transform_output, pattern = transformed
    examples = read_examples([pattern], transform_output, TRAIN)
    trained = {int(target[0]): ids.numpy().tolist() for ids, target in examples.dataset}
    assert sorted(trained) == list(range(len(TEXTS)))
    together = served(TEXTS)
    for number, text in enumerate(TEXTS):
        assert trained[number] == together[number], text
        assert served([text]) == [together[number]], text


def test_the_texts_reach_the_limit_and_stay_below_it(served):
    lengths = [len(ids) for ids in served(TEXTS)]
    assert max(lengths) == MAX_TOKENS
    assert min(lengths) == 2
    assert sum(length == MAX_TOKENS for length in lengths) >= 4
