"""A line for each request to a model on standard error: what was asked, and how it went. Never a text."""

from __future__ import annotations

import logging

from tensorflow_serving.apis import model_pb2

_LONGEST = 100  # characters of a name that are written

_LOG = logging.getLogger("serving.access")


class AccessLog:
    """Writes nothing unless it is enabled."""

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled

    def write(
        self,
        entrypoint: str,
        method: str,
        spec: model_pb2.ModelSpec,
        version: int | None,
        status: str,
        seconds: float,
    ) -> None:
        """One line. What the client chose freely, such as the model's name, is written so that it can forge none.

        Args:
            entrypoint: GRPC or REST.
            method: Predict and so on.
            spec: as the client sent it.
            version: that answered; None where none did.
            status: name of the gRPC status.
            seconds: from the request's arrival to its answer.
        """
        if self._enabled:
            name, signature = ascii(spec.name[:_LONGEST]), ascii(spec.signature_name[:_LONGEST])
            shown = "-" if version is None else version
            _LOG.info("%s %s %s/%s %s %s %.1f ms", entrypoint, method, name, shown, signature, status, 1000 * seconds)
