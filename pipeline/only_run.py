"""One run at a time in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fasteners

from components.errors import BertlineError, ConfigError


@contextmanager
def only_run(home: Path, what: str, error: type[BertlineError] = ConfigError) -> Iterator[None]:
    """Makes the folder, and holds it for this process, which a killed one lets go of by itself.

    Args:
        home: the folder of a pipeline's runs.
        what: how the user sets it, such as `pipeline.root`.
        error: what is raised.

    Raises:
        BertlineError: of the given class: the folder cannot be used, or another process holds it.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = fasteners.InterProcessLock(str(home / ".lock"))
        free = lock.acquire(blocking=False)
    except OSError as problem:
        raise error(f"{what}: {home} cannot be used ({problem.strerror}); set it to a folder to write in") from problem
    if not free:
        raise error(f"another run of this pipeline is going on in {home}; wait for it, or set {what} to another folder")
    try:
        yield
    finally:
        lock.release()
