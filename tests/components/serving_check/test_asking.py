from __future__ import annotations

import os
from pathlib import Path

import grpc
import httpx
import pytest
import tensorflow as tf

from components.progress import listening
from components.serving_check import asking
from components.serving_check.asking import Plan, ask
from components.serving_check.latency import Measured
from components.serving_check.parity import InProcessModel, ModelError
from components.serving_check.requests import HOSTILE
from serving.client import Internal, InvalidRequest, Prediction, Unavailable
from serving.launch import RunningServer
from tests.components.pusher.tiny_model import FailingModel, LengthModel, write_model

SECRET = b"my name is Rumpelstiltskin"
TEXTS = [b"x" * (number % 12) for number in range(70)] + [SECRET]
PLAN = Plan(TEXTS, max_p50_ms=1e6, max_p99_ms=1e6, max_memory_mb=1e6, max_score_difference=1e-6)
WARMED_UP = ':tensorflow:serving:model_warmup_latency_count{model_path="m/1",status="OK"} 1.0\n'


def right_score(text: bytes) -> float:
    return min(len(text) / 10, 1.0)


class FakeClient:
    """A server's client that scores as LengthModel does, unless it is told otherwise."""

    def score(self, address: str, text: bytes) -> float:
        return right_score(text)

    def predict(self, texts, pairs=None):
        assert pairs is None
        return [Prediction((self.score(self.address, text),), "pos") for text in texts]

    def __init__(self, address, model_name, *, timeout, retries):
        assert model_name == "candidate"
        self.address = address

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    return str(write_model(tmp_path_factory.mktemp("model"), LengthModel()))


@pytest.fixture
def server(monkeypatch):
    """Asks the fake server, which scores as given and whose metrics are these; the checks by their names."""

    def run(folder, score=None, metrics=WARMED_UP, plan=PLAN, pid=None):
        class Client(FakeClient):
            def score(self, address, text):
                return score(address, text) if score else right_score(text)

        def get(url, timeout, trust_env):
            assert not trust_env
            assert url == "http://127.0.0.1:2/monitoring/prometheus/metrics"
            status = 200 if metrics is not None else 404
            return httpx.Response(status, text=metrics or "", request=httpx.Request("GET", url))

        monkeypatch.setattr(asking, "Client", Client)
        monkeypatch.setattr(asking.httpx, "get", get)
        running = RunningServer("127.0.0.1:1", "http://127.0.0.1:2", pid or os.getpid(), Path("log"))
        checks = ask(running, "candidate", folder, plan)
        assert [check.name for check in checks] == plan.names
        return {check.name: check for check in checks}

    return run


def failing(checks) -> set[str]:
    return {name for name, check in checks.items() if not check.passed}


def test_every_check_passes_where_the_server_answers_as_the_model(server, folder):
    checks = server(folder)
    assert failing(checks) == set()
    assert {"gRPC parity", "REST parity", *HOSTILE, "p50 latency", "p99 latency", "memory", "warm-up"} == set(checks)
    assert checks["memory"].value > 10


def test_progress_is_reported_to_the_end(server, folder):
    reports = []
    with listening(reports.append):
        server(folder)
    assert reports[0].done == 32
    assert reports[-1].done == reports[-1].total == 2 * len(TEXTS) + len(HOSTILE)


def test_scores_that_differ_by_one_transport_fail_there(server, folder):
    checks = server(folder, lambda address, text: right_score(text) + 0.25 * ("http" in address and text == SECRET))
    assert failing(checks) == {"REST parity"}
    assert checks["REST parity"].value == pytest.approx(0.25)
    assert "(71 of 71 texts by REST) 0.25 is above serving.max_score_difference 1e-06" in checks["REST parity"].sentence


def test_a_hostile_text_that_is_answered_otherwise_fails(server, folder):
    checks = server(folder, lambda _, text: right_score(text) + 0.5 * (text == HOSTILE["bytes that are no UTF-8"]))
    assert failing(checks) == {"bytes that are no UTF-8"}


def test_a_hostile_text_that_is_refused_fails_with_the_servers_words(server, folder):
    def score(address, text):
        if len(text) > 1_000_000:
            raise InvalidRequest("127.0.0.1:1: INVALID_ARGUMENT: too long", grpc.StatusCode.INVALID_ARGUMENT)
        return right_score(text)

    checks = server(folder, score)
    assert failing(checks) == {"1 MB of text"}
    assert checks["1 MB of text"].value is None
    assert "1 MB of text: the server does not answer: 127.0.0.1:1: INVALID_ARGUMENT: too long" in str(checks)


def test_what_the_server_says_of_a_users_text_is_not_repeated(server, folder):
    def score(address, text):
        if text == SECRET:
            raise Internal(f"INTERNAL: cannot score {SECRET.decode()}", grpc.StatusCode.INTERNAL)
        return right_score(text)

    checks = server(folder, score)
    assert failing(checks) == {"gRPC parity", "REST parity", "p50 latency", "p99 latency"}
    assert checks["gRPC parity"].sentence == "the server fails on texts of the test split by gRPC with INTERNAL"
    assert "Rumpelstiltskin" not in str(checks)


def test_a_server_that_dies_midway_fails_what_comes_after(server, folder):
    answered = []

    def score(address, text):
        answered.append(text)
        if len(answered) > len(TEXTS) + 3:
            raise Unavailable("nobody listens", grpc.StatusCode.UNAVAILABLE)
        return right_score(text)

    checks = server(folder, score, pid=2**22 + 1)
    assert {"gRPC parity", "p50 latency", "p99 latency", "memory", "a word of 100,000 characters"} <= failing(checks)
    assert {"REST parity", "empty text"} & failing(checks) == set()
    assert checks["memory"].sentence == "the server ended while it was asked"


def test_ceilings_are_kept(server, folder):
    plan = Plan(TEXTS, max_p50_ms=1e-9, max_p99_ms=1e-9, max_memory_mb=1.0, max_score_difference=1e-6)
    checks = server(folder, plan=plan)
    assert failing(checks) == {"p50 latency", "p99 latency", "memory"}
    assert "is above serving.max_p99_ms 1e-09" in checks["p99 latency"].sentence
    assert checks["memory"].sentence.endswith("MB is above serving.max_memory_mb 1")


def test_texts_that_no_time_was_left_for_are_told(server, folder, monkeypatch):
    def measure(request, texts, ceilings):
        for number in texts[:3]:
            request(number)
        return Measured(1.0, 2.0, texts=2)

    monkeypatch.setattr(asking.latency, "measure", measure)
    checks = server(folder)
    assert failing(checks) == set()
    assert checks["p50 latency"].sentence.startswith("p50 latency (time ran out after 2 of 71 texts) 1 ms is at most")
    assert checks["p99 latency"].sentence.startswith("p99 latency (time ran out after 2 of 71 texts) 2 ms is at most")
    assert "(3 of 71 texts by gRPC)" in checks["gRPC parity"].sentence


def test_metrics_without_a_warm_up_fail(server, folder):
    assert failing(server(folder, metrics="")) == {"warm-up"}


def test_metrics_that_cannot_be_read_fail(server, folder):
    checks = server(folder, metrics=None)
    assert failing(checks) == {"warm-up"}
    assert "metrics cannot be read (HTTPStatusError)" in checks["warm-up"].sentence


def test_what_the_model_says_of_a_users_text_is_not_repeated(server, tmp_path):
    class Quoting(LengthModel):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
        def serve(self, text):
            tf.debugging.assert_none_equal(text, SECRET, summarize=100)
            return {"scores": tf.minimum(tf.cast(tf.strings.length(text), tf.float32) / self.longest, 1.0)[:, None]}

    folder = str(write_model(tmp_path, Quoting()))
    with pytest.raises(ModelError, match="Rumpelstiltskin"):
        InProcessModel(folder).score([SECRET])
    checks = server(folder)
    assert failing(checks) == {"gRPC parity", "REST parity"}
    assert "Rumpelstiltskin" not in str(checks)


def test_a_model_that_fails_without_a_server_fails_wherever_it_is_compared(server, tmp_path):
    checks = server(str(write_model(tmp_path, FailingModel())))
    assert failing(checks) == {"gRPC parity", "REST parity", *HOSTILE}
    assert "the model itself fails on texts of the test split with InvalidArgumentError" in str(checks["gRPC parity"])


def test_a_model_that_only_the_server_can_load_fails_everything(server, tmp_path):
    checks = server(str(write_model(tmp_path, LengthModel(), signature="other")))
    assert failing(checks) == set(checks)
    assert "in this process that fails with KeyError" in checks["memory"].sentence
