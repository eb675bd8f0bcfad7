"""On what, and when: a figure without it says nothing."""

from __future__ import annotations

import datetime
import os
import platform
import re
from pathlib import Path
from typing import Any

_BUSY = 0.5  # processors that others may use before figures are worth little


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def describe() -> dict[str, Any]:
    """The machine, the date and how busy it is before the benchmark starts."""
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "processor": _field("/proc/cpuinfo", r"^model name\s*: (.*)$") or platform.machine(),
        "processors": processors(),
        "memory_gib": round(int(_field("/proc/meminfo", r"^MemTotal:\s*(\d+) kB$") or 0) / 2**20),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_average": os.getloadavg()[0],
    }


def line(machine: dict[str, Any]) -> str:
    """The description in a line."""
    return (
        f"{machine['date']}, {machine['processors']} x {machine['processor']}, {machine['memory_gib']} GiB, "
        f"{machine['system']}, Python {machine['python']}"
    )


def warning(machine: dict[str, Any]) -> str | None:
    """What to say where something else already runs."""
    if machine["load_average"] < _BUSY:
        return None
    return f"the load average is {machine['load_average']:.1f} already: others run here, and ratios will wander"


def _field(file: str, pattern: str) -> str | None:
    found = re.search(pattern, Path(file).read_text(), re.MULTILINE)
    return found[1] if found else None
