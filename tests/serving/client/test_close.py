"""A client that is closed says so, whatever it was doing."""

from __future__ import annotations

import asyncio
import threading

import pytest

from serving.client import AsyncClient, Client, Closed


@pytest.fixture
def hanging(brain):
    """Set once a request hangs in the server."""
    arrived, over = threading.Event(), threading.Event()

    def hang(texts):
        arrived.set()
        over.wait(1)

    brain.before = hang
    yield arrived
    over.set()


def test_no_call_after_it(connect, address, brain):
    client = connect(address)
    client.predict(["x"])
    client.end()
    for call in (lambda: client.predict(["x"]), lambda: client.stream(["x"] * 99), client.status, client.wait):
        with pytest.raises(Closed, match=r"demo.*make another one"):
            call()
    assert brain.calls == 1


def test_a_call_under_way(address, hanging):
    client = Client(address, "demo")
    closing = threading.Thread(target=lambda: hanging.wait(5) and client.close())
    closing.start()
    with pytest.raises(Closed):
        client.predict(["x"])
    closing.join()


def begin(client):
    return asyncio.ensure_future(client.predict(["x"]))


def test_an_awaited_call_under_way(address, hanging):
    async def close_early():
        client = AsyncClient(address, "demo")
        call = begin(client)
        await asyncio.to_thread(hanging.wait, 5)
        await client.close()
        with pytest.raises(Closed):
            await call

    asyncio.run(close_early())


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_task_that_is_cancelled_is_cancelled(address, hanging, is_closed):
    async def cancel():
        client = AsyncClient(address, "demo")
        call = begin(client)
        await asyncio.to_thread(hanging.wait, 5)
        call.cancel()
        if is_closed:
            await client.close()
        with pytest.raises(asyncio.CancelledError):
            await call
        await client.close()

    asyncio.run(cancel())


def test_before_any_call(connect, address, brain):
    connect(address).end()
    assert brain.calls == 0
