"""How much may wait or be computed at a time: what comes on top is refused at once, so that memory stays bounded."""

from __future__ import annotations

import asyncio
import time

from serving.server.errors import ServingError, resource_exhausted, unavailable
from serving.server.options import Limits

_LOOKING_SECONDS = 0.02


class Admission:
    """Counts what has been let in and not yet answered. All methods run in the event loop."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._closed = False
        self.requests = 0
        self.bytes = 0

    def enter(self, size: int) -> None:
        """Lets a request of `size` bytes in; `leave` must follow.

        Raises:
            ServingError: RESOURCE_EXHAUSTED where a bound is reached, UNAVAILABLE while the server goes down.
        """
        if self._closed:
            raise unavailable("The server is shutting down.")
        if self.requests >= self._limits.requests_in_flight:
            raise _full(f"{self.requests} requests")
        if self.bytes + size > self._limits.bytes_in_flight:
            raise _full(f"requests of {self.bytes} bytes")
        self.requests += 1
        self.bytes += size

    def leave(self, size: int) -> None:
        """A request of `size` bytes has been answered."""
        self.requests -= 1
        self.bytes -= size

    def close(self) -> None:
        """Lets nobody in any more."""
        self._closed = True

    async def emptied(self, seconds: float) -> bool:
        """Waits until all that was let in has been answered; False where it was not in time."""
        deadline = time.monotonic() + seconds
        while self.requests and time.monotonic() < deadline:
            await asyncio.sleep(_LOOKING_SECONDS)
        return not self.requests


def _full(held: str) -> ServingError:
    return resource_exhausted(f"The server is answering {held} already, which is all that it takes; try again later.")
