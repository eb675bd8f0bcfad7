"""What a process holds in memory."""

from __future__ import annotations

import psutil

_MEGABYTE = 1 << 20


def resident_mb(pid: int) -> float:
    """Resident memory of a process and all that it started, in MB. Raises psutil.NoSuchProcess where it has ended."""
    process = psutil.Process(pid)
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True))) / _MEGABYTE
