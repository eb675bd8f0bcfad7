"""What is known of a run's steps while it goes on and after."""

from __future__ import annotations

import dataclasses
import time
from enum import Enum


class State(str, Enum):
    """The state of a step or run, in the word that is shown."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CACHED = "cached"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether it does not change any more."""
        return self not in (State.WAITING, State.RUNNING)


@dataclasses.dataclass
class Step:
    """One step of a run: its state, its duration in seconds, None where nobody knows it, and, once it has ended well,
    where its outputs lie.
    """

    name: str
    state: State = State.WAITING
    started: float = 0.0
    seconds: float | None = 0.0
    outputs: dict[str, str] = dataclasses.field(default_factory=dict)

    def start(self) -> None:
        """Marks the step as running from now on."""
        self.state, self.started = State.RUNNING, time.monotonic()

    def end(self, state: State, outputs: dict[str, str] | None = None) -> None:
        """Marks the step as ended now. `outputs` are the URIs of its artifacts by output key."""
        self.seconds, self.state = self.elapsed, state
        self.outputs = outputs or {}

    @property
    def elapsed(self) -> float | None:
        """Seconds since it started, or in all where it has ended; None where nobody knows."""
        return time.monotonic() - self.started if self.state is State.RUNNING else self.seconds
