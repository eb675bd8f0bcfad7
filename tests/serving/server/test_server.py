"""The server as a process: over the wire, with signals, swaps, and clients that behave badly."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
import tensorflow as tf
import trustme
from google.protobuf import descriptor_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
)

from serving.launch import DEVELOPMENT_SERVER, MONITORING_CONFIG, ServerSettings, free_ports, ssl_config, start
from tests.serving.server.models import predict_request, write_echo

TIMEOUT = 30


@pytest.fixture(scope="module")
def served(echo, tmp_path_factory):
    """The server of the echo model, for tests that leave it as it is."""
    with running(echo, tmp_path_factory.mktemp("log")) as server:
        yield server


@contextlib.contextmanager
def running(base, folder, *flags, **settings):
    port, rest_port = free_ports()
    monitoring = folder / "monitoring.config"
    monitoring.write_text(MONITORING_CONFIG)
    settings = {"poll_seconds": 1, "access_log": True, "monitoring_config_file": monitoring, **settings}
    server = ServerSettings(
        model_name="echo", base_path=base, port=port, rest_port=rest_port, server=DEVELOPMENT_SERVER, flags=flags,
        **settings,
    )  # fmt: skip
    with start(server, folder / "server.log") as started:
        yield started


@contextlib.contextmanager
def stub(server, credentials=None):
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    channel = (
        grpc.secure_channel(server.grpc_address, credentials, options)
        if credentials
        else grpc.insecure_channel(server.grpc_address, options)
    )
    with channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)


def predict(server, texts, timeout: float = TIMEOUT, **spec):
    with stub(server) as service:
        return service.Predict(predict_request(texts, **spec), timeout=timeout)


def refused(action) -> tuple[grpc.StatusCode, str | None]:
    with pytest.raises(grpc.RpcError) as raised:
        action()
    return raised.value.code(), raised.value.details()


def versions(server) -> dict[int, int]:
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "echo"
    with grpc.insecure_channel(server.grpc_address) as channel:
        answer = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(request, timeout=TIMEOUT)
    return {each.version: each.state for each in answer.model_version_status}


def wait_until(condition, seconds=TIMEOUT):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come about in time"
        time.sleep(0.05)


def test_answers_over_the_wire(served):
    answer = predict(served, ["four", b"\xff\xfe"])
    assert answer.outputs["scores"].float_val == [4.0, 2.0]
    assert list(answer.outputs["predicted"].string_val) == [b"v1", b"v1"]
    assert (answer.model_spec.name, answer.model_spec.version.value) == ("echo", 1)


def test_health_tells_that_it_serves(served):
    with grpc.insecure_channel(served.grpc_address) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check  # pyright: ignore[reportAttributeAccessIssue]
        for service in ("", "tensorflow.serving.PredictionService"):
            status = check(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT).status
            assert status == health_pb2.HealthCheckResponse.SERVING


def test_reflection_names_the_services(served):
    with grpc.insecure_channel(served.grpc_address) as channel:
        ask: Any = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        (answer,) = ask(iter([request]), timeout=TIMEOUT)
    names = {service.name for service in answer.list_services_response.service}
    assert {"tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"} <= names


@pytest.mark.parametrize(
    ("service", "method"), [("PredictionService", "MultiInference"), ("ModelService", "HandleReloadConfigRequest")]
)
def test_reflection_describes_the_services(served, service, method):
    with grpc.insecure_channel(served.grpc_address) as channel:
        ask: Any = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo
        request = reflection_pb2.ServerReflectionRequest(file_containing_symbol=f"tensorflow.serving.{service}")
        (answer,) = ask(iter([request]), timeout=TIMEOUT)
    files = map(descriptor_pb2.FileDescriptorProto.FromString, answer.file_descriptor_response.file_descriptor_proto)
    described = {each.name: [method.name for method in each.method] for file in files for each in file.service}
    assert method in described[service]


def test_listens_on_loopback_alone(served):
    connections = psutil.Process(served.pid).net_connections()
    listening = {each.laddr.ip.removeprefix("::ffff:") for each in connections if each.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_a_message_that_is_too_large_is_refused(served):
    code, details = refused(lambda: predict(served, [b"x" * (5 << 20)]))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in str(details)


def test_a_request_of_too_many_rows_is_refused(served):
    code, details = refused(lambda: predict(served, ["x"] * 1025))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert details == "The request has 1025 rows, and this server takes 1024; send it in parts."


def test_a_deadline_is_kept_and_the_server_goes_on(served):
    code, _ = refused(lambda: predict(served, ["x" * 2000], timeout=0.3, signature="slow"))
    assert code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert predict(served, ["after"]).outputs["scores"].float_val == [5.0]


def test_garbage_on_the_ports_harms_nobody(served):
    host, port = served.grpc_address.split(":")
    rest = int(served.rest_address.rsplit(":", 1)[1])
    for garbage in (b"\x00" * 1000, b"GET / HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 500):
        for target in (int(port), rest):
            with socket.create_connection((host, target)) as connection:
                connection.sendall(garbage)
    assert predict(served, ["after"]).outputs["scores"].float_val == [5.0]


def test_the_access_log_has_no_texts(served):
    predict(served, ["a secret of somebody's"])
    refused(lambda: predict(served, ["another secret"], model="forged\nINFO GRPC Predict"))
    log = served.log.read_text()
    assert "GRPC Predict 'echo'/1 '' OK" in log
    assert r"GRPC Predict 'forged\nINFO GRPC Predict'/- '' NOT_FOUND" in log
    assert "secret" not in log


def test_no_more_requests_are_held_than_the_bound(echo, tmp_path):
    with running(echo, tmp_path, "--max_in_flight=4") as server, ThreadPoolExecutor(12) as pool:
        calls = [pool.submit(predict, server, ["x" * 1000], signature="slow") for _ in range(12)]
        outcomes = [call.exception(TIMEOUT) for call in calls]
        refusals = [error.code() for error in outcomes if isinstance(error, grpc.RpcError)]
        assert len(refusals) >= 4
        assert set(refusals) == {grpc.StatusCode.RESOURCE_EXHAUSTED}
        assert outcomes.count(None) >= 4
        assert predict(server, ["after"]).outputs["scores"].float_val == [5.0]


def test_a_new_version_takes_over_and_a_bad_one_does_not(tmp_path):
    base = tmp_path / "echo"
    write_echo(base, 1, warmups=["serving_default"])
    answers, failures, stop = [], [], threading.Event()

    def ask(service):
        try:
            answers.append(service.Predict(predict_request(["text"]), timeout=TIMEOUT).model_spec.version.value)
        except grpc.RpcError as error:
            failures.append(error.details())

    def keep_asking(server):
        with stub(server) as service:
            while not stop.is_set():
                ask(service)

    flags = ("--max_num_load_retries=0",)
    with running(base, tmp_path, *flags) as server, ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(keep_asking, server)
        try:
            wait_until(lambda: len(answers) > 50)
            write_echo(base, 2)
            wait_until(lambda: versions(server) == {1: 50, 2: 30})
            bad = tmp_path / "bad"
            shutil.copytree(base / "2", bad)
            (bad / "saved_model.pb").write_bytes(b"damaged")
            bad.rename(base / "3")
            wait_until(lambda: versions(server).get(3) == 50)
            seen = len(answers)
            wait_until(lambda: len(answers) > seen + 50)
        finally:
            stop.set()
    assert failures == []
    assert set(answers) == {1, 2}
    assert answers[-1] == 2


def test_a_configuration_is_exchanged_while_it_serves(echo, tmp_path):
    write_echo(tmp_path / "echo", 5)
    with running(echo, tmp_path) as server, grpc.insecure_channel(server.grpc_address) as channel:
        request = model_management_pb2.ReloadConfigRequest()
        model = request.config.model_config_list.config.add(name="echo", model_platform="tensorflow")
        model.base_path = str(tmp_path / "echo")
        model.model_version_policy.all.SetInParent()
        other = request.config.model_config_list.config.add(name="other", model_platform="tensorflow")
        other.base_path = str(echo)
        service = model_service_pb2_grpc.ModelServiceStub(channel)
        assert service.HandleReloadConfigRequest(request, timeout=TIMEOUT).status.error_code == 0
        wait_until(lambda: predict(server, ["x"]).model_spec.version.value == 5)
        assert predict(server, ["x"], model="other").model_spec.version.value == 1


def test_sigterm_answers_what_was_asked_and_ends(echo, tmp_path):
    with running(echo, tmp_path) as server, ThreadPoolExecutor(1) as pool:
        slow = pool.submit(predict, server, ["x" * 2000], signature="slow")
        wait_until(lambda: in_flight(server) == 1)
        process = psutil.Process(server.pid)
        process.send_signal(signal.SIGTERM)
        assert slow.result(TIMEOUT).outputs["scores"].float_val == [2000.0]
        # `start` waits for the process itself, and would kill one that did not end.
        wait_until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
    assert "draining: 1 requests are being answered" in server.log.read_text()


def test_what_takes_longer_than_the_draining_is_told(echo, tmp_path):
    with running(echo, tmp_path, drain_seconds=0.2) as server, ThreadPoolExecutor(1) as pool:
        slow = pool.submit(predict, server, ["x" * 8000], signature="slow")
        wait_until(lambda: in_flight(server) == 1)
        process = psutil.Process(server.pid)
        process.send_signal(signal.SIGTERM)
        assert isinstance(slow.exception(TIMEOUT), grpc.RpcError)
        wait_until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
    assert "1 requests were not answered within 0.2 s" in server.log.read_text()


def in_flight(server) -> float:
    answer = urllib.request.urlopen(f"{server.rest_address}/monitoring/prometheus/metrics", timeout=TIMEOUT)
    lines = answer.read().decode().splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(":bertline:serving:requests_in_flight "))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    authority, strangers = trustme.CA(), trustme.CA()
    server, client, stranger = authority.issue_cert("127.0.0.1"), authority.issue_cert("me"), strangers.issue_cert("x")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    for name, issued in (("server", server), ("client", client), ("stranger", stranger)):
        issued.private_key_pem.write_to_path(str(folder / f"{name}.key"))
        issued.cert_chain_pems[0].write_to_path(str(folder / f"{name}.pem"))
    return folder


def credentials(folder: Path, client: str | None = None):
    ca = (folder / "ca.pem").read_bytes()
    if client is None:
        return grpc.ssl_channel_credentials(ca)
    key, certificate = ((folder / f"{client}.{end}").read_bytes() for end in ("key", "pem"))
    return grpc.ssl_channel_credentials(ca, key, certificate)


def https_context(folder: Path, client: str | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    if client:
        context.load_cert_chain(folder / f"{client}.pem", folder / f"{client}.key")
    return context


@contextlib.contextmanager
def running_with_tls(base, folder, certificates, client_ca=None):
    """Without `start`, which asks in plain text whether the server is ready."""
    import subprocess

    config = folder / "ssl.config"
    config.write_text(ssl_config(certificates / "server.pem", certificates / "server.key", client_ca))
    port, rest_port = free_ports()
    arguments = [f"--port={port}", f"--rest_api_port={rest_port}", f"--ssl_config_file={config}"]
    model = ["--model_name=echo", f"--model_base_path={base}"]
    process = subprocess.Popen([*DEVELOPMENT_SERVER, *arguments, *model])
    try:
        yield port, rest_port
    finally:
        process.terminate()
        assert process.wait(TIMEOUT) == 0


def secure_predict(port, given):
    with grpc.secure_channel(f"127.0.0.1:{port}", given) as channel:
        service = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        return service.Predict(predict_request(["tls"]), timeout=TIMEOUT, wait_for_ready=False)


def answers_securely(port, given) -> bool:
    try:
        return secure_predict(port, given).outputs["scores"].float_val == [3.0]
    except grpc.RpcError:
        return False


def test_both_sides_speak_tls_with_clients_that_are_known(echo, tmp_path, certificates):
    with running_with_tls(echo, tmp_path, certificates, certificates / "ca.pem") as (port, rest_port):
        wait_until(lambda: answers_securely(port, credentials(certificates, "client")), 60)
        for unknown in (None, "stranger"):
            code, _ = refused(lambda unknown=unknown: secure_predict(port, credentials(certificates, unknown)))
            assert code is grpc.StatusCode.UNAVAILABLE
        url = f"https://127.0.0.1:{rest_port}/v1/models/echo"
        known = urllib.request.urlopen(url, context=https_context(certificates, "client"), timeout=TIMEOUT)
        assert b"AVAILABLE" in known.read()
        with pytest.raises((urllib.error.URLError, ConnectionError, ssl.SSLError)):
            urllib.request.urlopen(url, context=https_context(certificates), timeout=TIMEOUT).read()


def test_embedded_hostile_texts_come_back_with_a_score(served):
    hostile = ["", " ", "\x00", "\u202e", "word " * 10_000, "x" * 100_000, b"\xc3\x28", "\U0001f600" * 1000]
    answer = predict(served, hostile)
    assert tf.make_ndarray(answer.outputs["scores"]).shape == (len(hostile), 1)
