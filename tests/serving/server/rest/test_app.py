from __future__ import annotations

import asyncio
import gzip
import json

import grpc
import pytest
import tensorflow as tf
from aiohttp import test_utils
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.server.errors import ServingError, failed_precondition, not_found
from serving.server.metrics import Metrics
from serving.server.options import Limits
from serving.server.rest.app import build_app

METRICS = "/monitoring/prometheus/metrics"
LIMITS = Limits(message_bytes=10_000, requests_in_flight=2, request_rows=100)


class StandIn:
    """Answers as `Inference` does, with a model that upper-cases texts, and remembers what it was asked."""

    def __init__(self):
        self.requests = []
        self.error = None

    def signature_def(self, spec):
        if spec.name != "m":
            raise not_found(f"Servable not found for request: Latest({spec.name})")
        if spec.signature_name not in ("", "serving_default"):
            raise failed_precondition(f'Serving signature key "{spec.signature_name}" not found.')
        signature = meta_graph_pb2.SignatureDef()
        signature.inputs["text"].dtype = types_pb2.DT_STRING
        return signature

    async def predict(self, request, *, entrypoint, timeout=None):
        self._remember(request, entrypoint, timeout)
        response = predict_pb2.PredictResponse()
        response.outputs["upper"].CopyFrom(request.inputs["text"])
        values = [text.upper() for text in tf.make_ndarray(request.inputs["text"]).ravel()]
        response.outputs["upper"].string_val[:] = values
        return response

    async def classify(self, request, *, entrypoint, timeout=None):
        self._remember(request, entrypoint, timeout)
        response = classification_pb2.ClassificationResponse()
        response.result.classifications.add().classes.add(label="a", score=0.5)
        return response

    async def regress(self, request, *, entrypoint, timeout=None):
        self._remember(request, entrypoint, timeout)
        response = regression_pb2.RegressionResponse()
        response.result.regressions.add(value=1.5)
        return response

    def status(self, request):
        self.requests.append(request)
        if request.model_spec.name != "m":
            raise not_found(f"Could not find any versions of model {request.model_spec.name}")
        response = get_model_status_pb2.GetModelStatusResponse()
        response.model_version_status.add(version=1, state=30)
        return response

    def metadata(self, request):
        self.requests.append(request)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.metadata["signature_def"].Pack(get_model_metadata_pb2.SignatureDefMap())
        return response

    def _remember(self, request, entrypoint, timeout):
        self.requests.append(request)
        assert (entrypoint, timeout) == ("REST", 5.0)
        if self.error:
            raise self.error


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


@pytest.fixture
def inference():
    return StandIn()


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def ask(inference, metrics):
    def asked(method, path, data=None, headers=None, prometheus_path=METRICS):
        async def call():
            app = build_app(inference, metrics, LIMITS, seconds=5.0, prometheus_path=prometheus_path)
            async with test_utils.TestClient(test_utils.TestServer(app)) as client:
                response = await client.request(method, path, data=data, headers=headers)
                return Answer(response.status, response.headers, await response.read())

        return asyncio.run(call())

    return asked


def test_predicts_rows(ask, inference):
    answer = ask("POST", "/v1/models/m:predict", b'{"instances": ["a", "b"]}')
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json == {"predictions": ["A", "B"]}
    assert inference.requests[0].model_spec.name == "m"


def test_predicts_columns(ask):
    assert ask("POST", "/v1/models/m:predict", b'{"inputs": ["a"]}').json == {"outputs": ["A"]}


def test_passes_version_label_and_signature_on(ask, inference):
    ask("POST", "/v1/models/m/versions/3:predict", b'{"instances": ["a"]}')
    ask("POST", "/v1/models/m/labels/x:predict", b'{"signature_name": "serving_default", "instances": ["a"]}')
    assert inference.requests[0].model_spec.version.value == 3
    assert inference.requests[1].model_spec.version_label == "x"
    assert inference.requests[1].model_spec.signature_name == "serving_default"


def test_classifies_and_regresses(ask):
    assert ask("POST", "/v1/models/m:classify", b'{"examples": [{"a": 1}]}').json == {"results": [[["a", 0.5]]]}
    assert ask("POST", "/v1/models/m:regress", b'{"examples": [{"a": 1}]}').json == {"results": [1.5]}


def test_tells_status_and_metadata(ask, inference):
    assert ask("GET", "/v1/models/m").json["model_version_status"][0]["state"] == "AVAILABLE"
    assert ask("GET", "/v1/models/m/versions/1/metadata").json["metadata"] == {"signature_def": {"signature_def": {}}}
    assert list(inference.requests[1].metadata_field) == ["signature_def"]


@pytest.mark.parametrize(
    ("method", "path", "data", "status", "message"),
    [
        ("GET", "/v1/models", None, 400, "Missing model name in request."),
        ("GET", "/v1/models/x", None, 404, "Could not find any versions of model x"),
        ("GET", "/v1/models/m:predict", None, 400, "Malformed request: GET /v1/models/m:predict"),
        ("PUT", "/v1/models/m:predict", None, 400, "Malformed request: PUT /v1/models/m:predict"),
        ("POST", "/v1/models/m:predict?x=1", b"{}", 400, "Malformed request: POST /v1/models/m:predict?x=1"),
        ("POST", "/v1/models/m:predict", b"", 400, "JSON Parse error: The document is empty"),
        (
            "POST",
            "/v1/models/x:predict",
            b'{"instances": ["a"]}',
            404,
            "Servable not found for request: Latest(x)",
        ),
        (
            "POST",
            "/v1/models/m:predict",
            b'{"signature_name": "other", "instances": ["a"]}',
            400,
            'Serving signature name: "other" not found in signature def',
        ),
    ],
)
def test_answers_errors_in_json(ask, method, path, data, status, message):
    answer = ask(method, path, data)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json == {"error": message}


@pytest.mark.parametrize(
    ("code", "status"),
    [("RESOURCE_EXHAUSTED", 429), ("DEADLINE_EXCEEDED", 504), ("UNAVAILABLE", 503), ("INTERNAL", 500)],
)
def test_maps_codes_to_http(ask, inference, code, status):
    inference.error = ServingError(grpc.StatusCode[code], "why")
    answer = ask("POST", "/v1/models/m:predict", b'{"instances": ["a"]}')
    assert (answer.status, answer.json) == (status, {"error": "why"})


def test_a_version_beyond_int64_has_an_empty_answer(ask):
    answer = ask("GET", f"/v1/models/m/versions/{2**63}")
    assert (answer.status, answer.body) == (400, b"")


@pytest.mark.parametrize("data", [b"x" * 10_001, b'{"instances": ["' + b"a" * 200_000 + b'"]}'])
def test_a_large_body_is_refused(ask, inference, data):
    answer = ask("POST", "/v1/models/m:predict", data)
    assert answer.status == 413
    assert "10000 bytes" in answer.json["error"]
    assert not inference.requests


def test_a_body_may_be_compressed_and_is_bounded_by_its_content(ask):
    headers = {"Content-Encoding": "gzip"}
    answer = ask("POST", "/v1/models/m:predict", gzip.compress(b'{"instances": ["a"]}'), headers)
    assert answer.json == {"predictions": ["A"]}
    bomb = gzip.compress(b'{"instances": ["' + b"a" * 1_000_000 + b'"]}')
    assert len(bomb) < 10_000
    assert ask("POST", "/v1/models/m:predict", bomb, headers).status == 413


def test_bytes_that_are_no_utf8_go_through(ask):
    answer = ask("POST", "/v1/models/m:predict", b'{"instances": ["a\xff"]}')
    assert b'"A\xff"' in answer.body


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/models/m", "/favicon.ico"])
def test_other_paths_do_not_exist(ask, path):
    assert ask("GET", path).status == 404


def test_shows_metrics_at_their_path(ask, metrics):
    metrics.request("m", "Predict", "GRPC", "OK", 0.1)
    answer = ask("GET", METRICS)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert b":tensorflow:serving:request_count" in answer.body


def test_metrics_path_takes_no_query(ask):
    answer = ask("GET", METRICS + "?x=1")
    assert answer.status == 400
    assert answer.body.decode() == f"Unexpected path: {METRICS}?x=1. Should be {METRICS}"


def test_shows_no_metrics_where_they_are_not_asked_for(ask):
    assert ask("GET", METRICS, prometheus_path=None).status == 404


def test_counts_what_inference_does_not(ask, metrics):
    ask("GET", "/v1/models/m")
    ask("GET", "/v1/models/x")
    ask("POST", "/v1/models/m:predict", b"{")
    ask("POST", "/v1/models/m:explain", b"{}")
    lines = metrics.exposition().decode().splitlines()
    count = ':tensorflow:serving:request_count{model_name="%s",status="%s"} 1.0'
    assert count % ("m", "OK") in lines
    assert count % ("x", "NOT_FOUND") in lines
    assert count % ("m", "INVALID_ARGUMENT") in lines
    assert count % ("", "INVALID_ARGUMENT") in lines


def test_leaves_the_rest_to_inference(ask, metrics):
    ask("POST", "/v1/models/m:predict", b'{"instances": ["a"]}')
    assert b'request_count{model_name="m"' not in metrics.exposition()


@pytest.mark.parametrize(("origin", "status"), [("https://example.com", 200), ("", 400), ("file://x", 400)])
def test_a_browsers_preflight_has_no_permission(ask, origin, status):
    answer = ask("OPTIONS", "/v1/models/m:predict", headers={"Origin": origin} if origin else None)
    assert answer.status == status
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_reads_no_more_requests_at_once_than_the_bound(inference, metrics):
    async def unfinished():
        yield b"{"
        await asyncio.sleep(60)

    async def call():
        app = build_app(inference, metrics, LIMITS, seconds=5.0, prometheus_path=None)
        async with test_utils.TestClient(test_utils.TestServer(app)) as client:
            url = "/v1/models/m:predict"
            held = [asyncio.ensure_future(client.post(url, data=unfinished())) for _ in range(2)]
            await asyncio.sleep(0.3)
            refused = await client.post(url, data=b'{"instances": ["a"]}')
            for each in held:
                each.cancel()
            await asyncio.gather(*held, return_exceptions=True)
            await asyncio.sleep(0.3)
            after = await client.post(url, data=b'{"instances": ["a"]}')
            return refused.status, after.status

    assert asyncio.run(call()) == (429, 200)


def test_waits_for_a_body_no_longer_than_the_bound(inference, metrics):
    async def unfinished():
        yield b"{"
        await asyncio.sleep(60)

    async def call():
        app = build_app(inference, metrics, LIMITS, seconds=0.2, prometheus_path=None)
        async with test_utils.TestClient(test_utils.TestServer(app)) as client:
            answer = await client.post("/v1/models/m:predict", data=unfinished())
            return answer.status, json.loads(await answer.read())

    assert asyncio.run(call()) == (504, {"error": "The request's body did not arrive in time."})


def test_too_many_rows_are_refused_before_they_are_read(ask, inference):
    answer = ask("POST", "/v1/models/m:predict", json.dumps({"instances": ["a"] * 101}).encode())
    assert answer.status == 429
    assert "has 101 rows, and this server takes 100" in answer.json["error"]
    assert inference.requests == []


def test_a_large_body_is_read_beside_the_others(inference, metrics):
    async def call():
        limits = Limits(message_bytes=1 << 20)
        app = build_app(inference, metrics, limits, seconds=5.0, prometheus_path=None)
        async with test_utils.TestClient(test_utils.TestServer(app)) as client:
            body = json.dumps({"instances": ["a" * 1000] * 200})
            answer = await client.post("/v1/models/m:predict", data=body)
            return answer.status, await answer.json()

    assert asyncio.run(call()) == (200, {"predictions": ["A" * 1000] * 200})


def test_a_broken_compression_is_the_clients_fault(ask):
    body = gzip.compress(b'{"instances": ["a"]}')[:-12] + b"garbage"
    answer = ask("POST", "/v1/models/m:predict", body, {"Content-Encoding": "gzip"})
    assert answer.status == 400
    assert "error" in answer.json


def test_a_fault_of_the_servers_quotes_nothing(ask, inference, caplog):
    inference.error = RuntimeError("a secret of somebody's")
    answer = ask("POST", "/v1/models/m:predict", b'{"instances": ["a"]}')
    assert (answer.status, answer.json) == (500, {"error": "The server failed with RuntimeError."})
    assert "secret" not in caplog.text
