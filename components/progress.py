"""How far a long step has come: steps report, whoever shows it listens.

Steps must not know who runs them, so they publish here; the local runner draws a bar, a cluster only logs.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Progress:
    """One report: `done` of `total` units of `unit` (None: nobody knows), and the figures worth showing beside them."""

    done: int
    total: int | None
    unit: str
    figures: dict[str, float] = dataclasses.field(default_factory=dict)


_listeners: list[Callable[[Progress], None]] = []


@contextmanager
def listening(listener: Callable[[Progress], None]) -> Iterator[None]:
    """Calls `listener` with every report made inside the block."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def report(progress: Progress) -> None:
    """Tells every listener how far the current step has come."""
    _LOG.debug("%s", progress)
    for listener in _listeners:
        listener(progress)
