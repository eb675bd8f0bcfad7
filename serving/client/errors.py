# ruff: noqa: N818  (most are named after the gRPC status that they stand for)
"""What a call can end with. Each error is one sentence: where, what, and what to do about it."""

from __future__ import annotations

import re

import grpc


class ServingError(Exception):
    """Base of every error of the client.

    Attributes:
        code: the gRPC status; None where it is not a server's.
        what: what happened, without where and the remedy.
    """

    def __init__(self, sentence: str, code: grpc.StatusCode | None = None, what: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.what = what or sentence


class BadSetting(ServingError, ValueError):
    """The client was set up with what cannot work."""


class NotFound(ServingError):
    """No such model or version is served."""


class InvalidRequest(ServingError):
    """The server, or the model, does not take this request: sending it again would not help."""


class TooLarge(ServingError):
    """The request or its answer is larger than the client or the server allows."""


class Overloaded(ServingError):
    """The server, or a quota, is exhausted."""


class DeadlineExceeded(ServingError):
    """The answer did not come in time."""


class Unavailable(ServingError):
    """No server could be reached, or it is going down, or its queue is full, also after the retries."""


class LoadFailed(ServingError):
    """The server could load no version of the model: waiting is of no use."""


class PermissionDenied(ServingError):
    """The server, or a gateway before it, wants other credentials."""


class Closed(ServingError):
    """The client was closed before the call or during it."""


class Unsupported(ServingError):
    """The server does not know this call."""


class Internal(ServingError):
    """The server failed."""


class UnexpectedAnswer(ServingError):
    """The server answered with something that is no prediction, metadata or status."""


_Code = grpc.StatusCode
_ASK = "check the version label and the signature; metadata() lists the signatures"
_REPORT = "see the server's log"
_KINDS: dict[grpc.StatusCode, tuple[type[ServingError], str]] = {
    _Code.CANCELLED: (Internal, "the call was given up: try again"),
    _Code.UNKNOWN: (Internal, _REPORT),
    _Code.INVALID_ARGUMENT: (InvalidRequest, _ASK),
    _Code.DEADLINE_EXCEEDED: (DeadlineExceeded, "raise the timeout, or send fewer texts at once"),
    _Code.NOT_FOUND: (NotFound, "check the model's name and version, and whether it has been loaded"),
    _Code.ALREADY_EXISTS: (Internal, _REPORT),
    _Code.PERMISSION_DENIED: (PermissionDenied, "check the certificate and what it may do"),
    _Code.UNAUTHENTICATED: (PermissionDenied, "check the certificate and what it may do"),
    _Code.RESOURCE_EXHAUSTED: (Overloaded, "try again later, with fewer texts at once"),
    _Code.FAILED_PRECONDITION: (InvalidRequest, _ASK),
    _Code.ABORTED: (Internal, "try again"),
    _Code.OUT_OF_RANGE: (InvalidRequest, _ASK),
    _Code.UNIMPLEMENTED: (Unsupported, "check that TensorFlow Serving listens there"),
    _Code.INTERNAL: (Internal, _REPORT),
    _Code.UNAVAILABLE: (Unavailable, "check that the server is running, its address and port, and TLS"),
    _Code.DATA_LOSS: (Internal, _REPORT),
}
_SIZE = re.compile(r"message larger than max", re.IGNORECASE)  # what gRPC says, whichever side refuses


def error_of(code: grpc.StatusCode, details: str, where: str) -> ServingError:
    """The error for a status.

    Args:
        code: the status; not OK.
        details: the server's, or gRPC's, own words.
        where: address and model.
    """
    kind, remedy = _KINDS[code]
    if code is _Code.RESOURCE_EXHAUSTED and _SIZE.search(details):
        return too_large(details, where)
    what = f"{code.name}: {details.rstrip('.') or 'no details'}"
    return kind(f"{where}: {what}; {remedy}", code, what)


def too_large(details: str, where: str) -> TooLarge:
    """The error for a message beyond a limit."""
    return TooLarge(f"{where}: {details}; send shorter texts, or fewer at once", _Code.RESOURCE_EXHAUSTED)


def closed(where: str) -> Closed:
    """The error for a call of a closed client."""
    return Closed(f"{where}: the client was closed; make another one", _Code.CANCELLED)


def unexpected(details: str, where: str) -> UnexpectedAnswer:
    """The error for an answer that cannot be read."""
    return UnexpectedAnswer(f"{where}: {details}; check that this is a text classifier and the signature's name")
