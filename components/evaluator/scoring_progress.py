"""How many examples have been scored: Beam copies whatever it runs, so the count is the process's own."""

from __future__ import annotations

import threading

from components import progress

_LOCK = threading.Lock()
_UNIT = "examples scored"
_state = {"done": 0, "total": 0}


def begin(total: int) -> None:
    """Begins to count anew, for so many examples."""
    with _LOCK:
        _state.update(done=0, total=total)


def advance(examples: int) -> None:
    """Counts examples that have been scored, and tells of it."""
    with _LOCK:
        _state["done"] += examples
        told = progress.Progress(min(_state["done"], _state["total"]), _state["total"], _UNIT)
    if told.total:  # in another process than the one that began, nobody knows how many there are, and nobody listens
        progress.report(told)
