"""The most memory that a process held, as Linux counts it."""

from __future__ import annotations

import contextlib
import re
import threading
from pathlib import Path
from typing import Any

import psutil
from typing_extensions import Self

MIB = 2**20
_SECONDS = 0.2
_RESET_PEAK = "5"  # proc(5), /proc/PID/clear_refs


def reset() -> None:
    """Has this process's peak begin anew at what it holds now."""
    Path("/proc/self/clear_refs").write_text(_RESET_PEAK)


def peak_mib() -> float:
    """The most that this process held since it began or `reset`, MiB resident."""
    return _status("VmHWM")


def resident_mib() -> float:
    """What this process holds now, MiB resident."""
    return _status("VmRSS")


def _status(field: str) -> float:
    found = re.search(rf"^{field}:\s*(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


class Children:
    """Samples what all processes below this one hold together, in a thread, for as long as the block takes.

    Pages that they share are counted in each of them, so this is rather too much than too little.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.peak_mib = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_SECONDS):
            self.peak_mib = max(self.peak_mib, self._held())

    def _held(self) -> float:
        held = 0
        for child in self._process.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile
                held += child.memory_info().rss
        return held / MIB
