from __future__ import annotations

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import get_model_metadata_pb2

from tests.serving.contract.conftest import skip_if_of_the_other
from tests.serving.contract.grpc_cases import PREDICTIONS, REFUSALS
from tests.serving.contract.messages import (
    classify,
    examples,
    metadata,
    model_config,
    multi,
    predict,
    regress,
    reload,
    spec,
    status,
    strings,
)
from tests.serving.contract.models import CLASSIFY, REGRESS

_METHODS = {
    "PredictRequest": "Predict",
    "ClassificationRequest": "Classify",
    "RegressionRequest": "Regress",
    "MultiInferenceRequest": "MultiInference",
    "GetModelMetadataRequest": "GetModelMetadata",
    "GetModelStatusRequest": "GetModelStatus",
    "ReloadConfigRequest": "HandleReloadConfigRequest",
}


@pytest.fixture
def call(stubs):
    def called(request):
        method = _METHODS[request.DESCRIPTOR.name]
        stub = next(stub for stub in stubs if hasattr(stub, method))
        return getattr(stub, method)(request, timeout=20)

    return called


@pytest.mark.parametrize("name", PREDICTIONS)
def test_predicts(name, call, served):
    case = PREDICTIONS[name]
    skip_if_of_the_other(case, served)
    response = call(case.request)
    assert set(response.outputs) == set(case.outputs)
    for output, expected in case.outputs.items():
        values = tf.make_ndarray(response.outputs[output])
        if values.dtype == object:
            assert values.tolist() == expected
        else:
            np.testing.assert_allclose(values.tolist(), expected, rtol=1e-6)
    assert response.model_spec.name == case.request.model_spec.name
    assert response.model_spec.version.value == case.version
    assert response.model_spec.signature_name == case.signature


@pytest.mark.parametrize("name", REFUSALS)
def test_refuses(name, call, served):
    case = REFUSALS[name]
    skip_if_of_the_other(case, served)
    with pytest.raises(grpc.RpcError) as error:
        call(case.request)
    assert (error.value.code().name, (error.value.details() or "")[: len(case.message)]) == (case.code, case.message)
    if not case.begins:
        assert error.value.details() == case.message


def test_values_come_in_the_fields_of_their_type(call):
    """servables/tensorflow/predict_util.cc: AsProtoField."""
    response = call(predict(spec("text"), text=strings("a")))
    assert response.outputs["scores"].float_val
    assert not response.outputs["scores"].tensor_content
    assert [dimension.size for dimension in response.outputs["scores"].tensor_shape.dim] == [1, 1]


def test_classifies(call):
    response = call(classify(spec("examples"), examples(0.75, None)))
    answers = [[(each.label, each.score) for each in one.classes] for one in response.result.classifications]
    assert answers == [[("yes", 0.75), ("no", 0.25)], [("yes", 0.5), ("no", 0.5)]]
    assert response.model_spec.name == "examples"
    assert response.model_spec.version.value == 1
    assert response.model_spec.signature_name == "serving_default"


def test_classifies_without_labels(call):
    response = call(classify(spec("examples", signature="scores"), examples(0.75)))
    answers = [[(each.label, each.score) for each in one.classes] for one in response.result.classifications]
    assert answers == [[("", 0.75), ("", 0.25)]]


def test_a_context_is_part_of_every_example(call):
    """servables/tensorflow/util.cc: the context's bytes come first, so an example's own feature wins."""
    response = call(regress(spec("examples", signature="regress"), examples(None, 3, context=1)))
    assert [each.value for each in response.result.regressions] == [3, 7]


def test_regresses(call):
    response = call(regress(spec("examples", signature="regress"), examples(1, 2)))
    assert [each.value for each in response.result.regressions] == [3, 5]
    assert response.model_spec.signature_name == "regress"


def test_infers_several_signatures_at_once(call):
    tasks = (spec("examples"), CLASSIFY), (spec("examples", signature="regress"), REGRESS)
    response = call(multi(examples(0.75), *tasks))
    classified, regressed = response.results
    assert [each.label for each in classified.classification_result.classifications[0].classes] == ["yes", "no"]
    assert [each.value for each in regressed.regression_result.regressions] == [2.5]
    assert [result.model_spec.signature_name for result in response.results] == ["serving_default", "regress"]
    assert [result.model_spec.version.value for result in response.results] == [1, 1]


def test_tells_the_signatures(call):
    response = call(metadata(spec("text"), "signature_def"))
    assert response.model_spec.name == "text"
    assert response.model_spec.version.value == 2
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    signature = signatures.signature_def["serving_default"]
    assert signature.method_name == "tensorflow/serving/predict"
    assert signature.inputs["text"].name == "serving_default_text:0"
    assert [dimension.size for dimension in signature.inputs["text"].tensor_shape.dim] == [-1]
    assert set(signature.outputs) == {"predicted", "scores"}


def test_tells_the_signatures_of_a_version(call):
    response = call(metadata(spec("text", label="stable"), "signature_def", "signature_def"))
    assert response.model_spec.version.value == 1


def test_tells_method_names(call):
    signatures = get_model_metadata_pb2.SignatureDefMap()
    call(metadata(spec("examples"), "signature_def")).metadata["signature_def"].Unpack(signatures)
    assert signatures.signature_def["serving_default"].method_name == CLASSIFY
    assert signatures.signature_def["regress"].method_name == REGRESS


@pytest.mark.parametrize(
    ("asked", "versions"),
    [
        (spec("text"), [2, 1]),
        (spec("text", version=1), [1]),
        (spec("text", label="stable"), [2, 1]),
        (spec("text", label="x"), [2, 1]),
        (spec("latest"), [3]),
    ],
)
def test_tells_states_of_versions_from_the_newest(call, asked, versions):
    """model_servers/get_model_status_impl.cc: a label is not looked at."""
    states = call(status(asked)).model_version_status
    assert [(each.version, each.state) for each in states] == [(version, 30) for version in versions]
    assert all((each.status.error_code, each.status.error_message) == (0, "") for each in states)


def test_an_unknown_method(served):
    with served.channel() as channel, pytest.raises(grpc.RpcError) as error:
        channel.unary_unary("/tensorflow.serving.PredictionService/Explain")(b"", timeout=10)
    assert error.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_bytes_that_are_no_message(served):
    with served.channel() as channel, pytest.raises(grpc.RpcError) as error:
        channel.unary_unary("/tensorflow.serving.PredictionService/Predict")(b"\xff\xff\xff", timeout=10)
    # INTERNAL from gRPC in C++, UNKNOWN from gRPC in Python, which reads messages before any code of ours.
    assert error.value.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)


class TestReload:
    """model_servers/server_core.cc. It needs to know where the models lie, and serves others for a while."""

    @pytest.fixture(autouse=True)
    def restored(self, served, call):
        if not served.ours:
            pytest.skip("changes what is served")
        self.folder = served.folder
        yield
        call(reload(*self.all_models()))

    def all_models(self):
        text = model_config("text", f"{self.folder}/text", stable=1, canary=2)
        text.model_version_policy.all.SetInParent()
        return [
            text,
            *(model_config(name, f"{self.folder}/{name}") for name in ("latest", "pair", "floats", "examples")),
        ]

    def test_serves_another_model_once_it_is_loaded(self, call):
        response = call(reload(*self.all_models(), model_config("again", f"{self.folder}/latest")))
        assert response.status.error_code == 0
        assert call(predict(spec("again"), text=strings("a"))).model_spec.version.value == 3

    def test_stops_serving_what_is_left_out(self, call):
        call(reload(*self.all_models()[:-1]))
        with pytest.raises(grpc.RpcError) as error:
            call(classify(spec("examples"), examples(1)))
        assert error.value.details() == "Servable not found for request: Latest(examples)"

    def test_an_empty_list_is_legal(self, call):
        call(reload())
        with pytest.raises(grpc.RpcError) as error:
            call(predict(spec("text"), text=strings("a")))
        assert error.value.code() is grpc.StatusCode.NOT_FOUND

    def test_moves_a_label(self, call):
        text, *others = self.all_models()
        text.version_labels["stable"] = 2
        call(reload(text, *others))
        assert call(predict(spec("text", label="stable"), text=strings("a"))).model_spec.version.value == 2

    def test_a_new_model_that_cannot_be_loaded(self, call):
        (self.folder / "broken" / "1").mkdir(parents=True, exist_ok=True)
        (self.folder / "broken" / "1" / "saved_model.pb").write_bytes(b"no model")
        with pytest.raises(grpc.RpcError) as error:
            call(reload(*self.all_models(), model_config("broken", f"{self.folder}/broken")))
        assert error.value.code() is grpc.StatusCode.UNKNOWN
        beginning = "1 model(s) did not become available: {{name: broken version: 1} due to error: "
        assert (error.value.details() or "").startswith(beginning)
