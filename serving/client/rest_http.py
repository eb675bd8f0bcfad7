"""Sends calls by REST, waiting or awaited. httpx is imported for REST alone."""

from __future__ import annotations

import asyncio
import json
import math
import random
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import grpc
import httpx

from serving.client.address import Address
from serving.client.calls import MAX_MESSAGE_BYTES, Answer, RestCall
from serving.client.deadline import Deadline
from serving.client.errors import BadSetting, ServingError, error_of, too_large, unexpected
from serving.client.grpc_channel import FIRST_BACKOFF, LONGEST_BACKOFF
from serving.client.tls import Tls, ssl_context

Session = TypeVar("Session")

_Code = grpc.StatusCode
# TensorFlow Serving's own map (http_rest_api_util.cc), reversed, and what a gateway before it may answer.
_CODES = {
    400: _Code.INVALID_ARGUMENT,
    401: _Code.UNAUTHENTICATED,
    403: _Code.PERMISSION_DENIED,
    404: _Code.NOT_FOUND,
    405: _Code.UNIMPLEMENTED,
    408: _Code.DEADLINE_EXCEEDED,
    409: _Code.ABORTED,
    429: _Code.RESOURCE_EXHAUSTED,
    499: _Code.CANCELLED,
    500: _Code.INTERNAL,
    501: _Code.UNIMPLEMENTED,
    502: _Code.UNAVAILABLE,
    503: _Code.UNAVAILABLE,
    504: _Code.DEADLINE_EXCEEDED,
}
_CONTENT_TOO_LARGE = 413
_LOST = (httpx.NetworkError, httpx.RemoteProtocolError)  # the connection, or it never was
_SHOWN_BYTES = 200


class RestSession:
    """Connections to one server; threads may share them.

    The deadline holds for each step of an exchange (connecting, sending, each part that is received), and is looked at
    between the steps.
    """

    def __init__(self, address: Address, tls: Tls | None, retries: int, where: str) -> None:
        self._where, self._retries = where, retries
        self._client = _made(httpx.Client, address, tls)

    def send(self, call: RestCall[Answer], timeout: float) -> Answer:
        """The answer within `timeout` seconds; raises a ServingError otherwise."""
        deadline = Deadline.after(timeout)
        for pause in _pauses(self._retries):
            try:
                status, body = self._exchange(call, deadline)
            except httpx.HTTPError as error:
                if pause >= deadline.left or not isinstance(error, _LOST):
                    raise _error(error, self._where) from None
            else:
                if pause >= deadline.left or _CODES.get(status) is not _Code.UNAVAILABLE:
                    return _read(call, status, body, self._where)
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _exchange(self, call: RestCall[Any], deadline: Deadline) -> tuple[int, bytes]:
        with self._client.stream(**_request(call, deadline, self._where)) as response:
            received = bytearray()
            for part in response.iter_bytes():
                received += part
                _check(received, deadline, self._where)
            return response.status_code, bytes(received)

    def close(self) -> None:
        """Ends the connections."""
        self._client.close()


class AsyncRestSession:
    """Connections to one server, for the event loop in which they are first used."""

    def __init__(self, address: Address, tls: Tls | None, retries: int, where: str) -> None:
        self._where, self._retries = where, retries
        self._client = _made(httpx.AsyncClient, address, tls)

    async def send(self, call: RestCall[Answer], timeout: float) -> Answer:
        """The answer within `timeout` seconds; raises a ServingError otherwise."""
        deadline = Deadline.after(timeout)
        for pause in _pauses(self._retries):
            try:
                status, body = await self._exchange_in_time(call, deadline)
            except httpx.HTTPError as error:
                if pause >= deadline.left or not isinstance(error, _LOST):
                    raise _error(error, self._where) from None
            else:
                if pause >= deadline.left or _CODES.get(status) is not _Code.UNAVAILABLE:
                    return _read(call, status, body, self._where)
            await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    async def _exchange_in_time(self, call: RestCall[Any], deadline: Deadline) -> tuple[int, bytes]:
        try:
            return await asyncio.wait_for(self._exchange(call, deadline), deadline.left)
        except asyncio.TimeoutError:
            raise _too_late(self._where) from None

    async def _exchange(self, call: RestCall[Any], deadline: Deadline) -> tuple[int, bytes]:
        async with self._client.stream(**_request(call, deadline, self._where)) as response:
            received = bytearray()
            async for part in response.aiter_bytes():
                received += part
                _check(received, deadline, self._where)
            return response.status_code, bytes(received)

    async def close(self) -> None:
        """Ends the connections."""
        await self._client.aclose()


def _made(kind: Callable[..., Session], address: Address, tls: Tls | None) -> Session:
    settings = _settings(address, tls)
    try:
        _ = httpx.URL(address.target).host  # a malformed name is found only when it is asked for
        return kind(**settings)
    except (ImportError, ValueError, httpx.InvalidURL) as error:  # httpx needs an extra for SOCKS
        remedy = "check the address, and http_proxy, https_proxy and all_proxy in the environment"
        raise BadSetting(f"address {address.given!r}: {error}; {remedy}") from error


def _settings(address: Address, tls: Tls | None) -> dict[str, Any]:
    verify = {"verify": ssl_context(tls or Tls())} if address.is_tls else {}
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)  # who sends bounds what is in flight
    return {"base_url": address.target, "limits": limits, "trust_env": not address.is_loopback, **verify}


def _request(call: RestCall[Any], deadline: Deadline, where: str) -> dict[str, Any]:
    """The arguments of httpx's `stream`."""
    if deadline.left == 0:
        raise _too_late(where)
    request = {"url": call.path, "timeout": deadline.left}
    if call.body is None:
        return {"method": "GET", **request}
    if len(call.body) > MAX_MESSAGE_BYTES:
        raise too_large(f"a request of {len(call.body)} bytes is more than {MAX_MESSAGE_BYTES}", where)
    return {"method": "POST", "content": call.body, "headers": {"Content-Type": "application/json"}, **request}


def _check(received: bytearray, deadline: Deadline, where: str) -> None:
    if len(received) > MAX_MESSAGE_BYTES:
        raise too_large(f"an answer is longer than {MAX_MESSAGE_BYTES} bytes", where)
    if deadline.left == 0:
        raise _too_late(where)


def _pauses(retries: int) -> Iterator[float]:
    """Seconds after each attempt, blurred so that clients do not come back all at once; endless after the last."""
    for retry in range(retries):
        yield min(FIRST_BACKOFF * 2**retry, LONGEST_BACKOFF) * random.uniform(0.8, 1.2)
    yield math.inf


def _read(call: RestCall[Answer], status: int, body: bytes, where: str) -> Answer:
    if status != httpx.codes.OK:
        raise _error_of_status(status, body, where)
    try:
        return call.read(json.loads(body))
    except (ValueError, OverflowError) as error:
        raise unexpected(str(error), where) from error


def _error_of_status(status: int, body: bytes, where: str) -> ServingError:
    details = f"HTTP {status}: {_words(body)}"
    if status == _CONTENT_TOO_LARGE:
        return too_large(details, where)
    return error_of(_CODES.get(status, _Code.UNKNOWN), details, where)


def _words(body: bytes) -> str:
    """What TensorFlow Serving says ({"error": "..."}), or the beginning of what somebody else says."""
    try:
        return json.loads(body)["error"]
    except (ValueError, TypeError, KeyError):
        return body[:_SHOWN_BYTES].decode(errors="replace") or "no details"


def _error(error: httpx.HTTPError, where: str) -> ServingError:
    if isinstance(error, httpx.TimeoutException):
        return _too_late(where)
    return error_of(_Code.UNAVAILABLE, str(error) or type(error).__name__, where)


def _too_late(where: str) -> ServingError:
    return error_of(_Code.DEADLINE_EXCEEDED, "no answer in time", where)
