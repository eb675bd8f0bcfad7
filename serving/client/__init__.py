"""Asks text classifiers that TensorFlow Serving serves, by gRPC or REST, waiting or awaited; needs no TensorFlow."""

from __future__ import annotations

from serving.client.aio import AsyncClient
from serving.client.answers import Metadata, Prediction, Signature, TensorSpec, VersionStatus
from serving.client.client import Client
from serving.client.errors import (
    BadSetting,
    Closed,
    DeadlineExceeded,
    Internal,
    InvalidRequest,
    LoadFailed,
    NotFound,
    Overloaded,
    PermissionDenied,
    ServingError,
    TooLarge,
    Unavailable,
    UnexpectedAnswer,
    Unsupported,
)
from serving.client.tls import Tls

__all__ = [
    "AsyncClient",
    "BadSetting",
    "Client",
    "Closed",
    "DeadlineExceeded",
    "Internal",
    "InvalidRequest",
    "LoadFailed",
    "Metadata",
    "NotFound",
    "Overloaded",
    "PermissionDenied",
    "Prediction",
    "ServingError",
    "Signature",
    "TensorSpec",
    "Tls",
    "TooLarge",
    "Unavailable",
    "UnexpectedAnswer",
    "Unsupported",
    "VersionStatus",
]
