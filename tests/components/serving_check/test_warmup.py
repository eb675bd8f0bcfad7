from __future__ import annotations

import re
from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, predict_pb2, prediction_log_pb2

from components.serving_check.warmup import WARMUP_FILE, check_brought, check_replayed
from components.trainer import warmup as trainer
from serving.server.metrics import Metrics
from tests.components.pusher.tiny_model import LengthModel, write_model


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"), LengthModel())


def write(model: Path, *records: bytes) -> None:
    (model / WARMUP_FILE).parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(model / WARMUP_FILE)) as writer:
        for record in records:
            writer.write(record)


def predict_log(signature: str = "serving_default", tensor: str = "text") -> bytes:
    request = predict_pb2.PredictRequest()
    request.model_spec.signature_name = signature
    request.inputs[tensor].CopyFrom(tf.make_tensor_proto(["a text"]))
    log = prediction_log_pb2.PredictLog(request=request)
    return prediction_log_pb2.PredictionLog(predict_log=log).SerializeToString()


def classify_log() -> bytes:
    log = prediction_log_pb2.ClassifyLog(request=classification_pb2.ClassificationRequest())
    return prediction_log_pb2.PredictionLog(classify_log=log).SerializeToString()


def test_the_file_is_where_the_trainer_writes_it():
    assert WARMUP_FILE == trainer.WARMUP_FILE


def test_what_the_trainer_writes_fits_the_model(model):
    trainer.write_warmup_requests(str(model), pair=False)
    check = check_brought(model)
    assert check.passed, check.sentence
    assert check.sentence == "the model brings 4 warm-up requests, and all fit it"


def test_a_request_without_a_signatures_name_is_for_serving_default(model):
    write(model, predict_log(signature=""))
    assert check_brought(model).passed


def test_a_model_without_them_does_not_pass(tmp_path):
    check = check_brought(write_model(tmp_path, LengthModel()))
    assert not check.passed
    assert check.value is None
    assert "brings no warm-up requests" in check.sentence
    assert WARMUP_FILE in check.sentence


@pytest.mark.parametrize(
    ("records", "told"),
    [
        ([], "file of warm-up requests holds none"),
        ([predict_log(), predict_log("other")], "one is for the signature other, which the model does not have"),
        ([predict_log(tensor="sentence")], r"one for serving_default has the inputs \['sentence'\], not \['text'\]"),
        ([classify_log()], r"one is no Predict request \(classify_log\)"),
        ([b"no proto"], r"cannot be read \(DecodeError\)"),
    ],
)
def test_requests_that_do_not_fit_say_why(model, records, told):
    write(model, *records)
    check = check_brought(model)
    assert not check.passed
    assert re.search(told, check.sentence), check.sentence


def test_a_file_that_is_cut_off_does_not_pass(model):
    write(model, predict_log())
    file = model / WARMUP_FILE
    file.write_bytes(file.read_bytes()[:-3])
    check = check_brought(model)
    assert not check.passed
    assert "cannot be read" in check.sentence


def test_a_warm_up_that_ended_well_is_read_from_the_servers_metrics():
    metrics = Metrics()
    metrics.warmup("candidate", 1, "OK", 0.5)
    check = check_replayed(metrics.exposition().decode())
    assert check.passed, check.sentence
    assert check.value == "replayed"


def test_a_warm_up_that_failed_does_not_pass():
    metrics = Metrics()
    metrics.warmup("candidate", 1, "INVALID_ARGUMENT", 0.5)
    check = check_replayed(metrics.exposition().decode())
    assert not check.passed
    assert check.sentence == "the server's warm-up failed with INVALID_ARGUMENT"


def test_no_warm_up_does_not_pass():
    check = check_replayed(Metrics().exposition().decode())
    assert not check.passed
    assert check.value == "not replayed"


def test_tensorflow_servings_own_form_is_understood():
    # Its label holds the whole status, whose message may hold anything.
    line = ':tensorflow:serving:model_warmup_latency_count{model_path="/models/m/1",status="%s"} %d\n'
    assert check_replayed(line % ("OK", 1)).passed
    failed = check_replayed(line % ("OK", 1) + line % (r"INVALID_ARGUMENT: no \"x\" } here", 1))
    assert failed.sentence == "the server's warm-up failed with INVALID_ARGUMENT"
