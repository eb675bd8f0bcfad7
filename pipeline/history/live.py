"""Whether a run is going on now: a killed one stays RUNNING in ML Metadata for ever."""

from __future__ import annotations

import fcntl
import struct
from pathlib import Path

from pipeline.home import LOGS, TUNE_LOG

_LOCK = ".lock"
_FLOCK = "hhqqi4x"  # Linux's struct flock: type, whence, start, length, process


def going_on(home: Path) -> str | None:
    """The id of the run whose process holds the folder's lock now, None where none does.

    A run begins its log before anything else, so the newest is of the run that goes on; a search for settings holds the
    lock too.

    Not to be called by the process that holds the lock: closing the file would let go of it, as POSIX has it.
    """
    if not _is_held(home / _LOCK):
        return None
    newest = max((log.stem for log in (home / LOGS).glob("*.log")), default=None)
    return None if newest is None or newest.endswith("-tune") else newest


def is_search(home: Path, run_id: str) -> bool:
    """Whether it is no run of a pipeline, but the data steps of `bertline tune`."""
    return (home / LOGS / TUNE_LOG.format(run_id)).exists()


def _is_held(lock: Path) -> bool:
    """Asks for the lock without taking it: a run that begins just now must not find it taken."""
    try:
        with lock.open("rb") as file:
            asked = struct.pack(_FLOCK, fcntl.F_WRLCK, 0, 0, 0, 0)
            return struct.unpack(_FLOCK, fcntl.fcntl(file, fcntl.F_GETLK, asked))[0] != fcntl.F_UNLCK
    except OSError:
        return False
