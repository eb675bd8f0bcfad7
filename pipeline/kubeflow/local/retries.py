"""Tries a step again as Argo does (argo-workflows, workflow/controller/operator.go, processNodeRetries)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from pipeline.kubeflow.local.errors import AttemptError

Result = TypeVar("Result")


class Clock:
    """Time, and how to let it pass, in seconds."""

    def now(self) -> float:
        """Seconds since some moment that stays the same."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Waits."""
        time.sleep(seconds)


def with_retries(policy: Any, attempt: Callable[[int, float | None], Result], clock: Clock) -> Result:
    """Makes attempts until one ends well, or the policy says that it was the last.

    The n-th waiting is duration * factor^(n-1). `backoffMaxDuration` limits all attempts together: after it, counted
    from when the first began, none begins any more, and one that is tried again is ended by then.

    Args:
        policy: the task's RetryPolicy; an empty one tries once.
        attempt: makes the attempt of this number, from 0, in that many seconds at most (None: without end).
        clock: time.

    Raises:
        AttemptError: of the last attempt.
    """
    end = clock.now() + policy.backoff_max_duration.seconds
    number = 0
    while True:
        try:
            return attempt(number, end - clock.now() if number else None)
        except AttemptError:  # noqa: PERF203  an attempt is a process of its own
            waiting = policy.backoff_duration.seconds * max(policy.backoff_factor, 1.0) ** number
            if number == policy.max_retry_count or clock.now() + waiting > end:
                raise
            clock.sleep(waiting)
            number += 1
