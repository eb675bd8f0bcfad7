"""What a process uses of the machine, second by second."""

from __future__ import annotations

import dataclasses
import statistics
import threading
import time
from collections.abc import Sequence
from typing import Any

import psutil
from typing_extensions import Self

_SECONDS = 1.0
_MINUTE = 60.0
_MIB = 2**20


@dataclasses.dataclass(frozen=True)
class Sample:
    """At `at` seconds: resident memory in MiB, threads, open file descriptors, processor seconds so far."""

    at: float
    rss_mib: float
    threads: int
    files: int
    processor_seconds: float


class Sampler:
    """Samples a process once a second, in a thread, for as long as the block takes."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.samples: list[Sample] = []
        self.start = time.monotonic()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.samples.append(_sample(self._process, time.monotonic() - self.start))
            except psutil.Error:  # it is gone, which `alive` tells
                return
            self._stop.wait(_SECONDS)


def _sample(process: psutil.Process, at: float) -> Sample:
    with process.oneshot():
        times = process.cpu_times()
        return Sample(
            at,
            process.memory_info().rss / _MIB,
            process.num_threads(),
            process.num_fds(),
            times.user + times.system,
        )


def by_minute(samples: Sequence[Sample]) -> list[float]:
    """Median resident memory, MiB, of every minute; a last minute that is not whole is left out if there are others."""
    minutes: dict[int, list[float]] = {}
    for sample in samples:
        minutes.setdefault(int(sample.at // _MINUTE), []).append(sample.rss_mib)
    whole = [values for _, values in sorted(minutes.items()) if len(values) >= _MINUTE / _SECONDS / 2]
    return [statistics.median(values) for values in whole or minutes.values()]


def slope(values: Sequence[float]) -> float:
    """By how much the values rise from one to the next: least squares; 0 for fewer than two."""
    if len(values) < 2:
        return 0.0
    return statistics.linear_regression(range(len(values)), values).slope
