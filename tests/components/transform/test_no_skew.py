"""Training and serving read a text as the same ids: what Transform materialised is what the saved graph gives."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
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
from serving import launch
from tests.components.transform.test_tokens import HOSTILE

MAX_TOKENS = 32
_PADDING = -1
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
        splits_config=transform_pb2.SplitsConfig(analyze=[TRAIN], transform=[TRAIN]),  # pyright: ignore[reportAttributeAccessIssue]
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

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def padded(self, text):
        """The same as an answer over the wire, which takes dense tensors."""
        return {"ids": tf.sparse.to_dense(self.ids(text), default_value=_PADDING)}


@pytest.fixture(scope="module")
def saved(transformed, tmp_path_factory) -> Path:
    """A base path with version 1 of the graph."""
    base = tmp_path_factory.mktemp("served") / "ids"
    module = Serving(transformed[0])
    tf.saved_model.save(module, str(base / "1"), signatures={"serving_default": module.padded})
    return base


@pytest.fixture(scope="module")
def served(saved):
    """The ids of texts by the graph that was saved and loaded again."""
    loaded = tf.saved_model.load(str(saved / "1"))
    return lambda texts: tf.RaggedTensor.from_sparse(loaded.ids(tf.constant(texts))).to_list()


@pytest.fixture(scope="module")
def over_the_wire(saved, tmp_path_factory):
    """The ids of texts by a server process, asked by gRPC."""
    port, rest_port = launch.free_ports()
    settings = launch.ServerSettings("ids", saved, port=port, rest_port=rest_port, server=launch.DEVELOPMENT_SERVER)
    log = tmp_path_factory.mktemp("log") / "server.log"
    with launch.start(settings, log) as server, grpc.insecure_channel(server.grpc_address) as channel:
        service = prediction_service_pb2_grpc.PredictionServiceStub(channel)

        def ids(texts):
            request = predict_pb2.PredictRequest()
            request.model_spec.name = "ids"
            request.inputs["text"].CopyFrom(tf.make_tensor_proto(texts, tf.string))
            answer = tf.make_ndarray(service.Predict(request, timeout=60).outputs["ids"])
            return [row[row != _PADDING].tolist() for row in answer]

        yield ids


@pytest.fixture(scope="module")
def trained(transformed) -> dict[int, list[int]]:
    """The ids that a training step reads of each text, by its number."""
    transform_output, pattern = transformed
    examples = read_examples([pattern], transform_output, TRAIN)
    return {int(target[0]): ids for ids, target in zip(examples.word_ids.to_list(), examples.target, strict=True)}


def test_what_was_trained_on_is_what_a_server_reads(trained, over_the_wire):
    together = over_the_wire(TEXTS)
    for number, text in enumerate(TEXTS):
        assert together[number] == trained[number], text
        assert over_the_wire([text]) == [trained[number]], text


def test_what_was_trained_on_is_what_is_served(trained, served):
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
