"""How long one request takes while no other is under way."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

_WARM_UP_REQUESTS = 10
_MOST_ROUNDS = 3
_MOST_SECONDS = 60.0

Text = TypeVar("Text")


@dataclasses.dataclass(frozen=True)
class Latency:
    """Milliseconds of a request as its sender measures them: the median, and what one in a hundred exceeds."""

    p50_ms: float
    p99_ms: float

    def is_within(self, ceilings: Latency) -> bool:
        """Whether neither is above its ceiling."""
        return self.p50_ms <= ceilings.p50_ms and self.p99_ms <= ceilings.p99_ms


@dataclasses.dataclass(frozen=True)
class Measured(Latency):
    """A latency, and the number of texts that it was measured with: fewer than given where time ran out."""

    texts: int


def measure(
    request: Callable[[Text], object], texts: Sequence[Text], ceilings: Latency, most_seconds: float = _MOST_SECONDS
) -> Measured:
    """Sends one text after the other, up to three times over, and gives the round with the lowest p99.

    Whatever else the machine does makes requests slower, never faster, so that a round within the ceilings is proof
    enough, and ends it.

    Args:
        request: sends a text and waits for the answer.
        texts: one at least, as `request` takes them. The first few are sent beforehand, too, and do not count there.
        ceilings: what is asked for.
        most_seconds: bound of the whole; what is left of the texts then is not sent. A round that it cuts off counts
            only if it is the first, as it may lack the very texts that are slow.
    """
    deadline = time.monotonic() + most_seconds
    for text in texts[:_WARM_UP_REQUESTS]:
        request(text)
    best = latest = _round(request, texts, deadline)
    for _ in range(_MOST_ROUNDS - 1):
        if latest.is_within(ceilings) or time.monotonic() >= deadline:
            break
        latest = _round(request, texts, deadline)
        if latest.texts < len(texts):
            break
        best = latest if latest.is_within(ceilings) else min(best, latest, key=lambda measured: measured.p99_ms)
    return best


def _round(request: Callable[[Text], object], texts: Sequence[Text], deadline: float) -> Measured:
    taken = []
    for text in texts:
        began = time.perf_counter()
        request(text)
        taken.append((time.perf_counter() - began) * 1e3)
        if time.monotonic() > deadline:
            break
    # `higher`: a value that was measured, and never below the percentile.
    p50, p99 = np.percentile(taken, [50, 99], method="higher")
    return Measured(float(p50), float(p99), len(taken))
