from __future__ import annotations

import asyncio
import contextlib
import socket
from types import SimpleNamespace

import pytest

from serving.client import AsyncClient, Client
from tests.serving.client.standin import Brain, grpc_server, rest_server


@pytest.fixture
def brain() -> Brain:
    return Brain()


@pytest.fixture(params=["grpc", "rest"])
def address(request, brain):
    """A server's address, once for each protocol."""
    serve, scheme = {"grpc": (grpc_server, "grpc"), "rest": (rest_server, "http")}[request.param]
    with serve(brain) as port:
        yield f"{scheme}://127.0.0.1:{port}"


def _waiting(address, **settings):
    client = Client(address, "demo", **settings)

    def stream(texts, **arguments):
        return list(client.predict_stream(texts, **arguments))

    return SimpleNamespace(
        predict=client.predict, stream=stream, status=client.status, metadata=client.metadata,
        wait=client.wait_until_available, close=client.close, end=client.close,
    )  # fmt: skip


def _awaited(address, **settings):
    loop = asyncio.new_event_loop()
    client = AsyncClient(address, "demo", **settings)

    def run(method):
        return lambda *arguments, **named: loop.run_until_complete(method(*arguments, **named))

    async def stream(texts, **arguments):
        return [prediction async for prediction in client.predict_stream(texts, **arguments)]

    def close():
        loop.run_until_complete(client.close())
        loop.close()

    return SimpleNamespace(
        predict=run(client.predict), stream=run(stream), status=run(client.status), metadata=run(client.metadata),
        wait=run(client.wait_until_available), close=close, end=run(client.close),
    )  # fmt: skip


@pytest.fixture(params=["waiting", "awaited"])
def connect(request):
    """Makes clients with one face, once for each kind; closes them."""
    with contextlib.ExitStack() as stack:

        def make(address, **settings):
            client = {"waiting": _waiting, "awaited": _awaited}[request.param](address, **settings)
            stack.callback(client.close)
            return client

        yield make


@pytest.fixture
def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
