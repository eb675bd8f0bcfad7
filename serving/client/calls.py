"""A call apart from how it is sent: what is asked, and how the answer is read. grpc_calls and rest_calls make them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Answer = TypeVar("Answer")

MAX_MESSAGE_BYTES = 4 << 20  # gRPC's own limit for what is received; here also for what is sent, and for REST
MAX_BATCH_BYTES = MAX_MESSAGE_BYTES // 4  # of texts: JSON's escapes and base64 make them longer


@dataclass(frozen=True)
class GrpcCall(Generic[Answer]):
    """A gRPC call.

    Attributes:
        method: its path, /package.Service/Method.
        request: the request message.
        response: the response message's class.
        read: gives the answer for a response; raises ValueError where it is none.
    """

    method: str
    request: Any
    response: Any
    read: Callable[[Any], Answer]


@dataclass(frozen=True)
class RestCall(Generic[Answer]):
    """A REST call.

    Attributes:
        path: what follows the server's URL.
        body: the JSON to POST; None: GET.
        read: gives the answer for a response's JSON; raises ValueError where it is none.
    """

    path: str
    body: bytes | None
    read: Callable[[Any], Answer]
