from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_text  # noqa: F401  registers the ops of the exported graph
from tensorflow_serving.apis import prediction_log_pb2

from components.features import INPUT_TYPE_IDS, INPUT_WORD_IDS, TEXT, TEXT_PAIR
from components.signatures import DECISIONS_FILE
from components.trainer.decisions import Decided
from components.trainer.export import TextClassifier, export
from components.trainer.model import build_classifier
from components.trainer.warmup import WARMUP_FILE, write_warmup_requests
from tests.components.trainer.conftest import NAMES
from tests.components.transform.test_tokens import HOSTILE
from tests.fresh_process import scores_in_a_fresh_process

HEAD = {"dropout": 0.1, "head_size": 0}
TEXTS = ["a good movie", "", "this was terrible<br />really bad", "a b c d e f g h i j k l m n o p q r s t u v w x y z"]


def export_of(
    folder: Path, encoder: Path, transform_output, kind: str = "binary", pair: bool = False, **decided
) -> Path:
    """A compiled (so: with an optimizer) model of a kind, exported."""
    names = NAMES[kind]
    outputs = 1 if kind == "binary" else len(names)
    model = build_classifier(str(encoder), "mean", HEAD, outputs)
    model.compile("adam", "binary_crossentropy")
    labels = {"kind": kind, "names": names, "threshold": 0.5}
    classifier = TextClassifier(model, transform_output, labels, pair)
    if decided:
        classifier.settle(Decided(report={}, **decided))
    export(classifier, str(folder), {"encoder": "tiny"})
    write_warmup_requests(str(folder), pair)
    return folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory, tiny_encoder, transform_output) -> Path:
    """A model of two labels with a threshold in the midst of its scores."""
    return export_of(tmp_path_factory.mktemp("export") / "model", tiny_encoder, transform_output)


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


def decisions(folder: Path) -> dict:
    return json.loads((folder / DECISIONS_FILE).read_text())


def test_decisions_stand_beside_the_model(exported):
    assert decisions(exported) == {
        "kind": "binary", "names": ["neg", "pos"], "thresholds": [0.5], "temperature": [1.0],
    }  # fmt: skip


def test_temperature_and_threshold_are_inside(tmp_path, exported, tiny_encoder, transform_output):
    settled: dict[str, Any] = {"temperature": np.array([2.0], np.float32), "thresholds": np.array([0.4], np.float32)}
    folder = export_of(tmp_path / "model", tiny_encoder, transform_output, **settled)
    plain = tf.saved_model.load(str(folder))
    answers = plain.signatures["serving_default"](text=tf.constant(TEXTS))
    scores = answers["scores"].numpy()[:, 0]
    assert [each.decode() for each in answers["predicted"].numpy()] == [
        "pos" if s >= np.float32(0.4) else "neg" for s in scores
    ]
    sharp = tf.saved_model.load(str(folder))
    sharp._temperature.assign([1.0])
    certain = sharp.signatures["serving_default"](text=tf.constant(TEXTS))["scores"].numpy()[:, 0]
    assert np.allclose(np.log(certain / (1 - certain)) / 2, np.log(scores / (1 - scores)), atol=1e-4)
    assert decisions(folder)["thresholds"] == [float(np.float32(0.4))]


def test_many_labels_hold_or_not_each_by_its_threshold(tmp_path, tiny_encoder, transform_of):
    thresholds = np.array([0.3, 0.5, 0.7], np.float32)
    folder = export_of(
        tmp_path / "model", tiny_encoder, transform_of(3), "multilabel",
        temperature=np.array([1.0, 2.0, 0.5], np.float32), thresholds=thresholds,
    )  # fmt: skip
    answers = tf.saved_model.load(str(folder)).signatures["serving_default"](text=tf.constant(TEXTS))
    assert answers["scores"].shape == answers["predicted"].shape == (len(TEXTS), 3)
    assert answers["predicted"].dtype == tf.bool
    assert np.array_equal(answers["predicted"].numpy(), answers["scores"].numpy() >= thresholds)


def test_of_many_labels_the_likeliest_is_answered(tmp_path, tiny_encoder, transform_of):
    folder = export_of(
        tmp_path / "model", tiny_encoder, transform_of(3), "multiclass",
        temperature=np.array([1.5], np.float32), thresholds=None,
    )  # fmt: skip
    answers = tf.saved_model.load(str(folder)).signatures["serving_default"](text=tf.constant(TEXTS))
    scores = answers["scores"].numpy()
    assert np.allclose(scores.sum(axis=1), 1.0, atol=1e-6)
    names = [NAMES["multiclass"][place].encode() for place in scores.argmax(axis=1)]
    assert answers["predicted"].numpy().tolist() == names
    assert decisions(folder)["thresholds"] is None


def test_pairs_are_two_texts_everywhere(tmp_path, tiny_encoder, transform_of):
    output = transform_of(1, pair=True)
    folder = export_of(tmp_path / "model", tiny_encoder, output, pair=True)
    loaded = tf.saved_model.load(str(folder))
    pairs = {TEXT: tf.constant(["a good movie", "bad"]), TEXT_PAIR: tf.constant(["it was bad", ""])}
    by_text = loaded.signatures["serving_default"](**pairs)["scores"].numpy()
    records = []
    for text, other in zip(*(values.numpy() for values in pairs.values()), strict=True):
        record = tf.train.Example()
        record.features.feature[TEXT].bytes_list.value.append(text)
        record.features.feature[TEXT_PAIR].bytes_list.value.append(other)
        records.append(record.SerializeToString())
    by_example = loaded.signatures["serving_examples"](examples=tf.constant(records))["scores"].numpy()
    assert np.array_equal(by_text, by_example)
    features = output.transform_features_layer()({name: value[:1, None] for name, value in pairs.items()})
    ids, types = (tf.sparse.to_dense(features[name]) for name in (INPUT_WORD_IDS, INPUT_TYPE_IDS))
    assert types.numpy().any()
    by_tokens = loaded.signatures["tokens"](input_word_ids=ids, input_mask=tf.ones_like(ids), input_type_ids=types)
    assert np.allclose(by_tokens["scores"], by_text[:1], atol=1e-6)
    swapped = loaded.signatures["serving_default"](text=pairs[TEXT_PAIR], text_pair=pairs[TEXT])["scores"].numpy()
    assert not np.allclose(swapped, by_text, atol=1e-6)
