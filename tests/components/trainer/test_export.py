from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_text  # noqa: F401  registers the ops of the exported graph
from tensorflow_serving.apis import prediction_log_pb2

from components.features import INPUT_WORD_IDS, TEXT
from components.trainer.export import TextClassifier, export
from components.trainer.model import build_classifier
from components.trainer.optimizer import build_optimizer
from components.trainer.warmup import WARMUP_FILE, write_warmup_requests
from tests.components.transform.test_tokens import HOSTILE
from tests.fresh_process import scores_in_a_fresh_process

TRAINING = {"learning_rate": 1e-3, "warmup_fraction": 0.1, "weight_decay": 0.01, "clip_norm": 1.0}
TEXTS = ["a good movie", "", "this was terrible<br />really bad", "a b c d e f g h i j k l m n o p q r s t u v w x y z"]


@pytest.fixture(scope="module")
def exported(tmp_path_factory, tiny_encoder, transform_output) -> Path:
    """A compiled (so: with an optimizer) model, exported with a threshold in the midst of its scores."""
    folder = tmp_path_factory.mktemp("export") / "model"
    model = build_classifier(str(tiny_encoder), "mean", 0.1, 1)
    model.compile(build_optimizer(TRAINING, 10), "binary_crossentropy")
    export(TextClassifier(model, transform_output, ["neg", "pos"], 0.5), str(folder))
    write_warmup_requests(str(folder))
    return folder


@pytest.fixture(scope="module")
def loaded(exported):
    return tf.saved_model.load(str(exported))


def example(text: str | bytes) -> bytes:
    value = text.encode() if isinstance(text, str) else text
    feature = {
        TEXT: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value])),
        "label": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"pos"])),
    }
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def test_the_signatures_are_the_contract(loaded):
    signatures = loaded.signatures
    assert set(signatures) == {"serving_default", "serving_examples", "tokens"}
    specs = {name: signature.structured_input_signature[1] for name, signature in signatures.items()}
    assert specs["serving_default"] == {"text": tf.TensorSpec([None], tf.string, name="text")}
    assert specs["serving_examples"] == {"examples": tf.TensorSpec([None], tf.string, name="examples")}
    assert {name: spec.dtype for name, spec in specs["tokens"].items()} == {
        "input_word_ids": tf.int64,
        "input_mask": tf.int64,
    }
    for name in ("serving_default", "serving_examples"):
        outputs = signatures[name].structured_outputs
        assert {key: spec.dtype for key, spec in outputs.items()} == {"scores": tf.float32, "predicted": tf.string}
    assert set(signatures["tokens"].structured_outputs) == {"scores"}


@pytest.mark.parametrize("batch", [0, 1, 4])
def test_shapes_follow_the_batch(loaded, batch):
    answers = loaded.signatures["serving_default"](text=tf.constant(TEXTS[:batch], tf.string, shape=[batch]))
    assert answers["scores"].shape == (batch, 1)
    assert answers["predicted"].shape == (batch,)


def test_predicted_is_the_label_on_the_scores_side_of_the_threshold(loaded):
    answers = loaded.signatures["serving_default"](text=tf.constant(TEXTS + HOSTILE))
    scores, predicted = answers["scores"].numpy()[:, 0], answers["predicted"].numpy()
    assert ((scores > 0) & (scores < 1)).all()
    assert [name.decode() for name in predicted] == ["pos" if score >= 0.5 else "neg" for score in scores]


def test_examples_score_as_their_texts_do_and_need_no_label(loaded):
    bare = tf.train.Example()
    bare.features.feature[TEXT].bytes_list.value.append(TEXTS[0].encode())
    records = [example(text) for text in TEXTS] + [bare.SerializeToString()]
    by_text = loaded.signatures["serving_default"](text=tf.constant([*TEXTS, TEXTS[0]]))
    by_example = loaded.signatures["serving_examples"](examples=tf.constant(records))
    assert np.array_equal(by_text["scores"], by_example["scores"])


def test_a_texts_score_does_not_depend_on_what_else_is_in_the_batch(loaded):
    serve = loaded.signatures["serving_default"]
    together = serve(text=tf.constant(TEXTS))["scores"].numpy()
    alone = np.concatenate([serve(text=tf.constant([text]))["scores"].numpy() for text in TEXTS])
    assert np.allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("text", [*HOSTILE, b"\xff\xfe bytes", "good " * 10_000])
def test_no_skew_serving_scores_exactly_the_ids_that_training_reads(loaded, transform_output, text):
    features = transform_output.transform_features_layer()({TEXT: tf.constant([[text]])})
    ids = tf.sparse.to_dense(features[INPUT_WORD_IDS])
    assert ids.shape[1] <= 16
    by_tokens = loaded.signatures["tokens"](input_word_ids=ids, input_mask=tf.ones_like(ids))["scores"]
    by_text = loaded.signatures["serving_default"](text=tf.constant([text]))["scores"]
    assert np.allclose(by_tokens, by_text, atol=1e-5)


def test_a_fresh_process_reloads_it_and_gets_equal_scores(exported, loaded):
    fresh = scores_in_a_fresh_process(exported, TEXTS)
    here = loaded.signatures["serving_default"](text=tf.constant(TEXTS))["scores"].numpy()
    assert np.allclose(fresh, here, atol=1e-6)


def test_nothing_of_training_is_exported(exported, loaded):
    names = [name for name, _ in tf.train.list_variables(str(exported / "variables" / "variables"))]
    assert not [name for name in names if "optimizer" in name.lower() or "momentum" in name.lower()]
    assert not (exported / "keras_metadata.pb").exists()


def test_warm_up_requests_are_ones_that_the_model_answers(exported, loaded):
    records = list(tf.data.TFRecordDataset(str(exported / WARMUP_FILE)).as_numpy_iterator())
    assert len(records) == 4
    for record in records:
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        assert request.model_spec.signature_name == "serving_default"
        texts = tf.make_ndarray(request.inputs["text"])
        assert loaded.signatures["serving_default"](text=tf.constant(texts))["scores"].shape == (len(texts), 1)


# What a TF Serving of 2.12 to 2.19 has of TensorFlow Text's own kernels is more than this, but without the trimmers:
# tensorflow/serving#2267.
TEXT_OPS = {"FastBertNormalize", "FastWordpieceTokenizeWithOffsets"}


def test_every_op_is_one_that_tf_serving_links(exported):
    code = (
        "import json, sys\n"
        "from tensorflow.core.protobuf import saved_model_pb2\n"
        "from tensorflow.python.framework import op_def_registry\n"
        "graph = saved_model_pb2.SavedModel.FromString(open(sys.argv[1], 'rb').read()).meta_graphs[0].graph_def\n"
        "nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]\n"
        "functions = {function.signature.name for function in graph.library.function}\n"
        "ops = {node.op for node in nodes} - functions\n"
        "print(json.dumps([len(ops), sorted(op for op in ops if op_def_registry.get(op) is None)]))"
    )
    command = [sys.executable, "-c", code, str(exported / "saved_model.pb")]  # a process without TensorFlow Text
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    count, beyond_tensorflow = json.loads(done.stdout.splitlines()[-1])
    assert count > 30
    assert set(beyond_tensorflow) == TEXT_OPS
