"""Sends calls by gRPC, waiting or awaited. Retries are gRPC's own."""

from __future__ import annotations

import json
from typing import Any

import grpc

from serving.client.address import Address
from serving.client.calls import MAX_MESSAGE_BYTES, Answer, GrpcCall
from serving.client.errors import error_of, unexpected
from serving.client.tls import Tls, grpc_credentials

FIRST_BACKOFF, LONGEST_BACKOFF = 0.1, 2.0  # seconds; doubled in between, and blurred by a fifth


def channel_options(address: Address, retries: int) -> list[tuple[str, Any]]:
    """What a channel is made with.

    Retries are on UNAVAILABLE alone (https://github.com/grpc/proposal/blob/master/A6-client-retries.md): other
    failures either were computed, at the server's cost, or would come again.
    """
    return [
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        # A message that does not fit into this buffer (256 KiB by default) would not be sent again.
        ("grpc.per_rpc_retry_buffer_size", 2 * MAX_MESSAGE_BYTES),
        # By default a server that was down is looked for again only after 1 s to 2 min.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 1000),
        *([("grpc.enable_http_proxy", 0)] if address.is_loopback else []),
        ("grpc.enable_retries", int(retries > 0)),
        ("grpc.service_config", json.dumps(_service_config(retries))),
    ]


def _service_config(retries: int) -> dict[str, Any]:
    if retries == 0:
        return {}
    policy = {
        "maxAttempts": retries + 1,
        "initialBackoff": f"{FIRST_BACKOFF}s",
        "maxBackoff": f"{LONGEST_BACKOFF}s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    return {"methodConfig": [{"name": [{}], "retryPolicy": policy}]}


class GrpcChannel:
    """A connection to one server; threads may share it."""

    def __init__(self, address: Address, tls: Tls | None, retries: int, where: str) -> None:
        self._where = where
        options = channel_options(address, retries)
        if address.is_tls:
            self._channel = grpc.secure_channel(address.target, grpc_credentials(tls or Tls()), options)
        else:
            self._channel = grpc.insecure_channel(address.target, options)

    def send(self, call: GrpcCall[Answer], timeout: float) -> Answer:
        """The answer within `timeout` seconds; raises a ServingError otherwise."""
        method = _method(self._channel, call)
        try:
            response = method(call.request, timeout=timeout)
        except grpc.RpcError as error:
            raise _error(error, self._where) from None
        return _answer(call, response, self._where)

    def close(self) -> None:
        """Ends the connection; calls that are under way fail."""
        self._channel.close()


class AsyncGrpcChannel:
    """A connection to one server, for the event loop in which it was made."""

    def __init__(self, address: Address, tls: Tls | None, retries: int, where: str) -> None:
        self._where = where
        options = channel_options(address, retries)
        if address.is_tls:
            self._channel = grpc.aio.secure_channel(address.target, grpc_credentials(tls or Tls()), options)
        else:
            self._channel = grpc.aio.insecure_channel(address.target, options)

    async def send(self, call: GrpcCall[Answer], timeout: float) -> Answer:
        """The answer within `timeout` seconds; raises a ServingError otherwise."""
        method = _method(self._channel, call)
        try:
            response = await method(call.request, timeout=timeout)
        except grpc.RpcError as error:
            raise _error(error, self._where) from None
        return _answer(call, response, self._where)

    async def close(self) -> None:
        """Ends the connection; calls that are under way fail."""
        await self._channel.close()


def _method(channel: Any, call: GrpcCall[Answer]) -> Any:
    return channel.unary_unary(
        call.method,
        request_serializer=type(call.request).SerializeToString,
        response_deserializer=call.response.FromString,
    )


def _error(error: Any, where: str) -> Exception:
    return error_of(error.code(), error.details() or "", where)


def _answer(call: GrpcCall[Answer], response: Any, where: str) -> Answer:
    try:
        return call.read(response)
    except ValueError as error:
        raise unexpected(str(error), where) from error
