from __future__ import annotations

import gzip
import json
import re

import httpx
import pytest

from tests.serving.contract.conftest import skip_if_of_the_other
from tests.serving.contract.rest_cases import PREDICTIONS, REFUSALS, STATES

_METRICS = "/monitoring/prometheus/metrics"


@pytest.fixture(scope="module")
def client(served):
    with httpx.Client(base_url=served.rest, timeout=20) as opened:
        yield opened


@pytest.fixture
def ask(client, served):
    def asked(case):
        skip_if_of_the_other(case, served)
        body = case.body if case.body is None or isinstance(case.body, bytes) else json.dumps(case.body).encode()
        method = case.method or ("GET" if case.body is None else "POST")
        return client.request(method, case.path, content=body)

    return asked


def document_of(response):
    return json.loads(response.content.decode("utf-8", "surrogateescape"))


@pytest.mark.parametrize("name", [*PREDICTIONS, *STATES])
def test_answers(name, ask):
    case = {**PREDICTIONS, **STATES}[name]
    response = ask(case)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/json"
    if case.exactly is not None:
        assert response.content == case.exactly
    if case.tells:
        assert document_of(response) == case.answer


@pytest.mark.parametrize("name", REFUSALS)
def test_refuses(name, ask):
    case = REFUSALS[name]
    response = ask(case)
    assert response.status_code == case.status, response.text
    if case.exactly is not None:
        assert response.content == case.exactly
    if case.tells:
        assert response.headers["Content-Type"] == "application/json"
        error = document_of(response)["error"]
        assert (error[: len(case.answer)] if case.begins else error) == case.answer


def test_a_long_value_is_cut_in_an_error(client):
    """util/json_tensor.cc: kMaxJsonDebugStringBytes."""
    response = client.post("/v1/models/text:predict", json={"instances": [], "x": ["y" * 20] * 1000})
    error = response.json()["error"]
    assert error.startswith('JSON Value: {\n    "instances": [],\n    "x": ["yyyyyyyyyyyyyyyyyyyy", ')
    assert error.endswith(" No values in 'instances' array")
    assert len(error) < 400


def test_metadata(client):
    """model_servers/http_rest_api_util.cc."""
    response = client.get("/v1/models/text/labels/stable/metadata")
    assert response.status_code == 200
    document = response.json()
    assert document["model_spec"] == {"name": "text", "signature_name": "", "version": "1"}
    signature = document["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["method_name"] == "tensorflow/serving/predict"
    text = signature["inputs"]["text"]
    assert text["dtype"] == "DT_STRING"
    assert text["name"] == "serving_default_text:0"
    assert text["tensor_shape"] == {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}
    assert signature["outputs"]["scores"]["tensor_shape"]["dim"] == [
        {"size": "-1", "name": ""},
        {"size": "1", "name": ""},
    ]


def test_a_body_may_be_compressed(client):
    """util/net_http/server/internal/evhttp_request.cc."""
    body = gzip.compress(b'{"instances": ["a"]}')
    response = client.post("/v1/models/text/versions/1:predict", content=body, headers={"Content-Encoding": "gzip"})
    assert response.json()["predictions"] == [{"scores": [0.5], "predicted": "short"}]


@pytest.mark.parametrize(("origin", "status"), [("https://example.com", 200), (None, 400)])
def test_a_browsers_preflight(client, origin, status):
    """model_servers/http_server.cc."""
    response = client.options("/v1/models/text:predict", headers={"Origin": origin} if origin else {})
    assert response.status_code == status
    assert response.content == b""
    assert "Access-Control-Allow-Origin" not in response.headers


def counted(client, name, **labels):
    """The value of a metric, 0 where it has none with these labels yet."""
    for line in client.get(_METRICS).text.splitlines():
        match = re.fullmatch(r"(\S+?)(?:\{(.*)\})? (\S+)", line)
        if match and match[1] == name and dict(re.findall(r'(\w+)="([^"]*)"', match[2] or "")) == labels:
            return float(match[3])
    return 0.0


class TestMetrics:
    """servables/tensorflow/util.cc, util/prometheus_exporter.cc."""

    def test_counts_requests_by_model_and_status(self, client):
        def counts():
            name = ":tensorflow:serving:request_count"
            return [counted(client, name, model_name="pair", status=status) for status in ("OK", "INVALID_ARGUMENT")]

        before = counts()
        client.post("/v1/models/pair:predict", json={"instances": [{"text": "a", "text_pair": "a"}]})
        client.post("/v1/models/pair:predict", json={})
        client.get("/v1/models/pair")
        assert [after - earlier for after, earlier in zip(counts(), before, strict=True)] == [2, 1]

    def test_times_successes_only(self, client):
        def count():
            labels = {"model_name": "floats", "API": "predict", "entrypoint": "REST"}
            return counted(client, ":tensorflow:serving:request_latency_count", **labels)

        before = count()
        client.post("/v1/models/floats:predict", json={"instances": [[1, 2]]})
        client.post("/v1/models/floats:predict", json={"instances": ["x"]})
        assert count() - before == 1

    def test_times_the_runtime(self, client):
        client.post("/v1/models/floats:predict", json={"instances": [[1, 2]]})
        labels = {"model_name": "floats", "API": "Predict", "runtime": "TF1"}
        assert counted(client, ":tensorflow:serving:runtime_latency_count", **labels) >= 1

    def test_counts_loads(self, client):
        text = client.get(_METRICS).text
        assert re.search(
            r':tensorflow:cc:saved_model:load_attempt_count\{model_path="\S*text/2",status="success"\} [1-9]', text
        )

    def test_is_plain_text_with_types(self, client):
        response = client.get(_METRICS)
        assert response.headers["Content-Type"].startswith("text/plain")
        assert "# TYPE :tensorflow:serving:request_count counter\n" in response.text
        assert "# TYPE :tensorflow:serving:request_latency histogram\n" in response.text

    def test_has_no_query(self, client):
        response = client.get(f"{_METRICS}?x=1")
        assert response.status_code == 400
        assert response.text == f"Unexpected path: {_METRICS}?x=1. Should be {_METRICS}"
