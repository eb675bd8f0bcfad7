"""The error that a request ends with: TensorFlow Serving's code and words."""

from __future__ import annotations

import grpc


class ServingError(Exception):
    """A request that is answered with an error.

    Attributes:
        code: the gRPC status; REST maps it to an HTTP status.
        message: what the client is told.
    """

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid_argument(message: str) -> ServingError:
    """The request is wrong whatever the server's state."""
    return ServingError(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_found(message: str) -> ServingError:
    """No such model, version or label is served."""
    return ServingError(grpc.StatusCode.NOT_FOUND, message)


def failed_precondition(message: str) -> ServingError:
    """The model cannot answer this kind of request."""
    return ServingError(grpc.StatusCode.FAILED_PRECONDITION, message)


def resource_exhausted(message: str) -> ServingError:
    """A bound of the server's is reached: nothing is queued beyond it."""
    return ServingError(grpc.StatusCode.RESOURCE_EXHAUSTED, message)


def deadline_exceeded(message: str) -> ServingError:
    """The client's time is over."""
    return ServingError(grpc.StatusCode.DEADLINE_EXCEEDED, message)


def unavailable(message: str) -> ServingError:
    """The server is going down; another one may answer."""
    return ServingError(grpc.StatusCode.UNAVAILABLE, message)
