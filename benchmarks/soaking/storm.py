"""Requests that a server must refuse, by the dozen, and connections that nobody should make.

Each kind is tried a few times in a storm; what came back is counted, so that a report can tell a refusal from a hang.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import dataclasses
import random
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import httpx

from benchmarks.soaking.load import request_of

OK = "answered"
LATE = "not tried any more"  # the storm took too long

_TIMES = 6  # each kind, in a storm
_WORKERS = 4
_STORM_SECONDS = 15.0
_TIMEOUT_SECONDS = 5.0
_HALF_OPEN = 20
_HALF_OPEN_SECONDS = 5.0
_HUGE = 6 << 20  # above the 4 MiB that a request may have
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

Outcomes = dict[str, dict[str, int]]


@dataclasses.dataclass(frozen=True)
class Target:
    """The server: "host:port" of gRPC, "http://host:port" of REST, the model's name."""

    grpc_address: str
    rest_address: str
    model: str


Trouble = Callable[[Target], str]


def storm(target: Target, outcomes: Outcomes) -> str:
    """Makes every kind of trouble, several at a time, and adds what came back to `outcomes` by kind."""
    until = time.monotonic() + _STORM_SECONDS
    jobs = [(name, trouble) for name, trouble in TROUBLES.items() for _ in range(_TIMES)]
    random.Random(len(jobs)).shuffle(jobs)
    with concurrent.futures.ThreadPoolExecutor(_WORKERS + 1) as pool:
        held = pool.submit(_hold_half_open, target)
        found = list(pool.map(lambda job: (job[0], job[1](target) if time.monotonic() < until else LATE), jobs))
        found += [("half-open connections", outcome) for outcome in held.result()]
    for name, outcome in found:
        counted = outcomes.setdefault(name, {})
        counted[outcome] = counted.get(outcome, 0) + 1
    return f"storm of {len(found)}: {dict(collections.Counter(outcome for _, outcome in found).most_common(4))}"


# ---------------------------------------------------------------- by gRPC


def _call(target: Target, content: bytes, method: str = "Predict", timeout: float = _TIMEOUT_SECONDS) -> str:
    """Sends bytes as a request to PredictionService; the status that came back."""
    with grpc.insecure_channel(target.grpc_address, [("grpc.max_send_message_length", -1)]) as channel:
        call = channel.unary_unary(f"/tensorflow.serving.PredictionService/{method}")
        try:
            call(content, timeout=timeout)
        except grpc.RpcError as error:
            return error.code().name  # pyright: ignore[reportAttributeAccessIssue]
    return OK


def _changed(change: Callable[[Any], object], texts: tuple[str, ...] = ("a text",)) -> Trouble:
    """A Predict request that was right before the change."""

    def send(target: Target) -> str:
        request = request_of(target.model, texts)
        change(request)
        return _call(target, request.SerializeToString())

    return send


def _rename_input(request: Any) -> None:
    request.inputs["words"].CopyFrom(request.inputs["text"])
    del request.inputs["text"]


def _set_dimension(size: int) -> Callable[[Any], None]:
    def change(request: Any) -> None:
        request.inputs["text"].tensor_shape.dim[0].size = size

    return change


def _set_version(request: Any) -> None:
    request.model_spec.version.value = 999_999_999


def _expired(target: Target) -> str:
    return _call(target, request_of(target.model, ["a text " * 200] * 32).SerializeToString(), timeout=0.002)


def _cancelled(target: Target) -> str:
    with grpc.insecure_channel(target.grpc_address) as channel:
        future: Any = channel.unary_unary("/tensorflow.serving.PredictionService/Predict").future(
            request_of(target.model, ["a text " * 200] * 16).SerializeToString(), timeout=_TIMEOUT_SECONDS
        )
        time.sleep(0.02)
        future.cancel()
        return future.code().name


# ---------------------------------------------------------------- by REST


def _post(content: bytes | str, path: str = "/v1/models/{model}:predict", method: str = "POST") -> Trouble:
    def send(target: Target) -> str:
        address = target.rest_address + path.format(model=target.model)
        try:
            response = httpx.request(method, address, content=content, timeout=_TIMEOUT_SECONDS)
        except httpx.HTTPError as error:
            return type(error).__name__
        return OK if response.is_success else f"HTTP {response.status_code}"

    return send


# ---------------------------------------------------------------- on the bare port


def _endpoint(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition("//")[2].rpartition(":")
    return host, int(port)


def _raw(content: bytes, by_rest: bool = False) -> Trouble:
    """Bytes on the bare port, then the end of the connection."""

    def send(target: Target) -> str:
        try:
            with socket.create_connection(_endpoint(_address(target, by_rest)), _TIMEOUT_SECONDS) as connection:
                connection.sendall(content)
                connection.shutdown(socket.SHUT_WR)
                return _reaction(connection)
        except OSError as error:
            return type(error).__name__

    return send


def _reaction(connection: socket.socket) -> str:
    """What the server did with the connection."""
    answered = b""
    while len(answered) < 1 << 16 and (received := connection.recv(4096)):
        answered += received
    return "closed, with an answer" if answered else "closed"


def _tls_to_plain(target: Target) -> str:
    context = ssl.create_default_context()
    try:
        with socket.create_connection(_endpoint(target.grpc_address), _TIMEOUT_SECONDS) as connection:
            context.wrap_socket(connection, server_hostname="localhost")
    except OSError as error:
        return type(error).__name__
    return OK


def _address(target: Target, by_rest: bool) -> str:
    return target.rest_address if by_rest else target.grpc_address


def _hold_half_open(target: Target) -> Iterator[str]:
    """Connections on both ports that say nothing, or half of something, for seconds."""
    said = (b"", _PREFACE, b"POST /v1/models/m:predict HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{")
    held = []
    with contextlib.ExitStack() as stack:
        for index in range(_HALF_OPEN):
            content = said[index % len(said)]
            address = _address(target, by_rest=bool(index % 2) or content.startswith(b"POST"))
            try:
                connection = stack.enter_context(socket.create_connection(_endpoint(address), _TIMEOUT_SECONDS))
                connection.sendall(content)
                held.append("held")
            except OSError as error:
                held.append(type(error).__name__)
        time.sleep(_HALF_OPEN_SECONDS)
    return iter(held)


_DEEP = "[" * 100_000
_PREDICT = "/v1/models/{model}:predict"

TROUBLES: dict[str, Trouble] = {
    "gRPC: unknown model": _changed(lambda request: setattr(request.model_spec, "name", "nobody")),
    "gRPC: no model": _changed(lambda request: request.ClearField("model_spec")),
    "gRPC: unknown version": _changed(_set_version),
    "gRPC: unknown label": _changed(lambda request: setattr(request.model_spec, "version_label", "nobody")),
    "gRPC: unknown signature": _changed(lambda request: setattr(request.model_spec, "signature_name", "nobody")),
    "gRPC: wrong input name": _changed(_rename_input),
    "gRPC: no input": _changed(lambda request: request.ClearField("inputs")),
    "gRPC: unknown output": _changed(lambda request: request.output_filter.append("nobody")),
    "gRPC: wrong dtype": _changed(lambda request: setattr(request.inputs["text"], "dtype", 1)),
    "gRPC: unknown dtype": _changed(lambda request: setattr(request.inputs["text"], "dtype", 999)),
    "gRPC: negative dimension": _changed(_set_dimension(-1)),
    "gRPC: a dimension of 2^62": _changed(_set_dimension(2**62)),
    "gRPC: two dimensions": _changed(lambda request: request.inputs["text"].tensor_shape.dim.add(size=1)),
    "gRPC: unknown rank": _changed(lambda request: setattr(request.inputs["text"].tensor_shape, "unknown_rank", True)),
    "gRPC: huge body": _changed(lambda request: None, texts=("x" * _HUGE,)),
    "gRPC: too many rows": _changed(lambda request: None, texts=("x",) * 5000),
    "gRPC: no protobuf": lambda target: _call(target, b"\xff" * 500),
    "gRPC: unknown method": lambda target: _call(target, b"", method="Guess"),
    "gRPC: expired deadline": _expired,
    "gRPC: cancelled": _cancelled,
    "REST: no JSON": _post("no JSON"),
    "REST: deep JSON": _post(_DEEP),
    "REST: no instances": _post('{"examples": []}'),
    "REST: wrong dtype": _post('{"instances": [1.5, null, {"a": []}]}'),
    "REST: wrong input name": _post('{"instances": [{"words": "a"}]}'),
    "REST: ragged": _post('{"instances": ["a", ["b", "c"]]}'),
    "REST: huge body": _post('{"instances": ["' + "x" * _HUGE + '"]}'),
    "REST: too many rows": _post('{"instances": [' + ", ".join(['"x"'] * 5000) + "]}"),
    "REST: unknown model": _post('{"instances": ["a"]}', path="/v1/models/nobody:predict"),
    "REST: unknown version": _post('{"instances": ["a"]}', path="/v1/models/{model}/versions/999999999:predict"),
    "REST: unknown verb": _post("{}", path="/v1/models/{model}:guess"),
    "REST: unknown path": _post("{}", path="/v2/health"),
    "REST: wrong method": _post("", path=_PREDICT, method="DELETE"),
    "gRPC port: garbage": _raw(random.Random(1).randbytes(4096)),
    "gRPC port: HTTP/1.1": _raw(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "gRPC port: preface, then garbage": _raw(_PREFACE + random.Random(2).randbytes(4096)),
    "gRPC port: TLS": _tls_to_plain,
    "REST port: garbage": _raw(random.Random(3).randbytes(4096), by_rest=True),
    "REST port: HTTP/2": _raw(_PREFACE, by_rest=True),
    "REST port: half a request": _raw(
        b"POST /v1/models/m:predict HTTP/1.1\r\nContent-Length: 900\r\n\r\n{", by_rest=True
    ),
}
