"""What the waiting and the awaited client are set up with."""

from __future__ import annotations

from typing import Any

from serving.client import grpc_calls, rest_calls
from serving.client.address import parse_address
from serving.client.errors import BadSetting
from serving.client.target import Target
from serving.client.tls import Tls

IN_FLIGHT = 4  # requests of one call at once: enough to keep a server busy, few enough that none waits for long
LONGEST_TIMEOUT = 86_400  # seconds: a day; sockets and gRPC fail at far longer ones
MOST_RETRIES = 4  # gRPC makes no more than five attempts


class ClientSettings:
    """A model at an address.

    Args:
        address: `host:port` or `grpc://host:port` (gRPC), `grpcs://host:port` (with TLS), `http://host:port` or
            `https://host` (REST).
        model: the name that the model is served under.
        version: a version of it; by default the latest that is served, or the label's.
        label: a version label; never together with a version.
        signature: a signature that takes `text` (and `text_pair`) and gives `scores` and `predicted`.
        timeout: seconds for a whole call: its batches, retries and all; at most a day. For each batch of a stream.
        batch_size: most texts in a request.
        retries: how often a request is sent again while the server is unavailable, with a growing pause; at most 4.
        tls: certificates, for an encrypted address.

    Raises:
        BadSetting: one of these cannot work.
    """

    def __init__(  # noqa: PLR0913
        self,
        address: str,
        model: str,
        *,
        version: int | None = None,
        label: str | None = None,
        signature: str = "serving_default",
        timeout: float = 10.0,
        batch_size: int = 32,
        retries: int = 4,
        tls: Tls | None = None,
    ) -> None:
        self._address = parse_address(address)
        self._target = Target(model, version, label, signature)
        self._calls: Any = rest_calls if self._address.is_rest else grpc_calls
        self._where = f"{address}, model {model!r}"
        self._timeout, self._batch_size, self._retries, self._tls = timeout, batch_size, retries, tls
        self._closed = False
        self._check()
        self._connect()

    def _connect(self) -> None:
        """Where a client has more to do before its first call."""

    def _check(self) -> None:
        if not 0 < self._timeout <= LONGEST_TIMEOUT:
            raise BadSetting(f"timeout {self._timeout}: give seconds above 0, at most {LONGEST_TIMEOUT}")
        if self._batch_size < 1:
            raise BadSetting(f"batch_size {self._batch_size}: give 1 or more")
        if not 0 <= self._retries <= MOST_RETRIES:
            raise BadSetting(f"retries {self._retries}: give 0 to {MOST_RETRIES}")
        if self._tls and not self._address.is_tls:
            raise BadSetting(
                f"tls is given for {self._address.given}, which is not encrypted; give grpcs:// or https://"
            )


def check_in_flight(in_flight: int) -> None:
    """Raises BadSetting unless it is 1 or more."""
    if in_flight < 1:
        raise BadSetting(f"in_flight {in_flight}: give 1 or more")
