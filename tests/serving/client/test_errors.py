"""Every status is an error of some kind, and only what may help is tried again."""

from __future__ import annotations

import socket
import threading

import grpc
import pytest

from serving import client
from tests.serving.client.standin import RefusalError

KINDS = {
    "CANCELLED": client.Internal,
    "UNKNOWN": client.Internal,
    "INVALID_ARGUMENT": client.InvalidRequest,
    "DEADLINE_EXCEEDED": client.DeadlineExceeded,
    "NOT_FOUND": client.NotFound,
    "ALREADY_EXISTS": client.Internal,
    "PERMISSION_DENIED": client.PermissionDenied,
    "UNAUTHENTICATED": client.PermissionDenied,
    "RESOURCE_EXHAUSTED": client.Overloaded,
    "FAILED_PRECONDITION": client.InvalidRequest,
    "ABORTED": client.Internal,
    "OUT_OF_RANGE": client.InvalidRequest,
    "UNIMPLEMENTED": client.Unsupported,
    "INTERNAL": client.Internal,
    "UNAVAILABLE": client.Unavailable,
    "DATA_LOSS": client.Internal,
}


def refusals(name: str, times: int) -> list[RefusalError]:
    return [RefusalError(grpc.StatusCode[name], f"the words of {name}") for _ in range(times)]


def test_no_status_is_forgotten():
    assert set(KINDS) == {code.name for code in grpc.StatusCode} - {"OK"}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_status_is_an_error_that_says_where_what_and_what_to_do(connect, address, brain, name):
    brain.refusals = refusals(name, 1)
    with pytest.raises(client.ServingError) as caught:
        connect(address, retries=0).predict(["x"])
    assert type(caught.value) is KINDS[name]
    said = str(caught.value)
    assert said.startswith(f"{address}, model 'demo': ")
    assert f"the words of {name}; " in said
    assert "\n" not in said
    assert caught.value.__cause__ is None
    assert brain.calls == 1


@pytest.mark.parametrize("method", ["predict", "status", "metadata"])
def test_what_is_unavailable_is_asked_again(connect, address, brain, method):
    brain.refusals = refusals("UNAVAILABLE", 2)
    asked = connect(address)
    getattr(asked, method)(*[["x"]] if method == "predict" else [])
    assert brain.calls == 3


def test_also_with_much_text(connect, address, brain):
    brain.refusals = refusals("UNAVAILABLE", 2)
    text = "x" * 1_000_000  # more than gRPC keeps for retries by default
    assert len(connect(address).predict([text, text])) == 2
    assert brain.calls == 4


def test_what_stays_unavailable_is_given_up(connect, address, brain):
    brain.refusals = refusals("UNAVAILABLE", 99)
    with pytest.raises(client.Unavailable):
        connect(address, retries=2).predict(["x"])
    assert brain.calls == 3


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"UNAVAILABLE"}))
def test_nothing_else_is_asked_again(connect, address, brain, name):
    brain.refusals = refusals(name, 1)
    with pytest.raises(KINDS[name]):
        connect(address).predict(["x"])
    assert brain.calls == 1


def test_retries_end_with_the_deadline(connect, address, brain):
    brain.refusals = refusals("UNAVAILABLE", 99)
    with pytest.raises((client.Unavailable, client.DeadlineExceeded)):
        connect(address, timeout=0.2).predict(["x"])
    assert brain.calls <= 3


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_where_nothing_listens(connect, scheme, free_port):
    with pytest.raises(client.Unavailable, match="check that the server is running"):
        connect(f"{scheme}://127.0.0.1:{free_port}", retries=0).predict(["x"])


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_a_host_that_does_not_exist(connect, scheme):
    with pytest.raises(client.Unavailable):
        connect(f"{scheme}://no-such-host.invalid:8500", timeout=5).predict(["x"])


def test_a_refused_connection_is_tried_again_by_rest(connect, monkeypatch, free_port):
    from serving.client import rest_http

    pauses = []
    monkeypatch.setattr(rest_http, "_pauses", lambda retries: iter([*pauses_of(retries, pauses), float("inf")]))
    with pytest.raises(client.Unavailable):
        connect(f"http://localhost:{free_port}", retries=3).predict(["x"])
    assert pauses == [0, 1, 2]


def pauses_of(retries, noted):
    for retry in range(retries):
        noted.append(retry)
        yield 0.0


def test_pauses_grow_and_are_bounded():
    from serving.client.rest_http import _pauses

    *pauses, last = _pauses(8)
    assert last == float("inf")
    bounds = [(0.8 * pause, 1.2 * pause) for pause in (0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0)]
    assert all(low <= pause <= high for pause, (low, high) in zip(pauses, bounds, strict=True))


@pytest.fixture
def silent_port():
    """A server that takes connections and closes each, having said something that is neither protocol."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1024)
                    connection.sendall(b"220 mail.example ESMTP\r\n")

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_a_server_of_another_kind(connect, scheme, silent_port):
    with pytest.raises(client.ServingError, match="demo"):
        connect(f"{scheme}://127.0.0.1:{silent_port}", retries=0, timeout=3).predict(["x"])


def test_an_answer_beyond_the_largest_message(connect, address, brain):
    def swell(answer):
        if isinstance(answer, dict):
            answer["padding"] = "x" * 5_000_000
        else:
            answer.outputs["scores"].tensor_content = b"x" * 5_000_000

    brain.mangle = swell
    with pytest.raises(client.TooLarge):
        connect(address).predict(["x"])


def read_request(connection):
    """All of it: a connection that is closed with something unread is reset, and its answer lost."""
    with connection.makefile("rb") as request:
        lines = iter(request.readline, b"\r\n")
        lengths = [int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")]
        request.read(sum(lengths))


@pytest.fixture
def faltering_port():
    """A server by REST that loses two connections, in two ways, is a broken gateway once, and then answers."""
    answer = b'{"outputs": {"scores": [[0.5]], "predicted": ["pos"]}}'
    turns = [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + answer,
    ]
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            for turn in turns:
                connection, _ = listener.accept()
                with connection:
                    read_request(connection)
                    connection.sendall(turn)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


def test_a_lost_connection_and_a_broken_gateway_are_tried_again_by_rest(connect, faltering_port):
    [prediction] = connect(f"http://127.0.0.1:{faltering_port}").predict(["x"])
    assert prediction.score == 0.5
