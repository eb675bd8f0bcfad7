"""Files of a folder of data: they get their names when they are whole and right; one process at a time writes them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import fasteners

from components.durable import sync
from components.errors import DataError
from components.fetch import checks

CHUNK = 1 << 20
Say = Callable[[str], None]
_PATIENCE = 600.0  # seconds that a process waits for another that fetches the same file


class UnwritableError(DataError):
    """A file that cannot be written, for this reason."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be written ({reason}); make room or give another folder with --to")
        self.reason = reason


@contextmanager
def locked(target: Path, say: Say) -> Iterator[None]:
    """One process at a time, for as long as the block takes; makes the folder, and says so if it has to wait.

    The empty file .NAME.lock stays. Removed, it would lock nothing any more: a process that waits holds the removed
    file open and gets its lock, and the next one makes a new file and gets the lock of that.

    Raises:
        DataError: the folder cannot be written, or another process holds the file for `_PATIENCE`.
    """
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = fasteners.InterProcessLock(str(target.with_name(f".{target.name}.lock")))
        mine = lock.acquire(blocking=False)
        if not mine:
            say(f"another process is fetching {target}: waiting for it, {_PATIENCE / 60:.0f} minutes at most")
            mine = lock.acquire(timeout=_PATIENCE)
    if not mine:
        raise DataError(
            f"another process is still fetching {target} after {_PATIENCE / 60:.0f} minutes; try again when it is done"
        )
    try:
        yield
    finally:
        lock.release()


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns what goes wrong with reading inside the block into DataError."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}); check its rights") from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns what goes wrong with files inside the block into UnwritableError."""
    try:
        yield
    except OSError as error:
        raise UnwritableError(path, error.strerror or str(error)) from error


def settle(part: Path, target: Path) -> None:
    """Gives a whole file its name, in one step that survives a crash, and notes what it is.

    Raises:
        DataError: the folder cannot be written.
    """
    with writing(target):
        sync(part)
        checks.forget(target)  # first: the note of another file would make this one look damaged
        part.replace(target)
        checks.note(target)
        sync(target.parent)


def copy(source: Path, target: Path) -> None:
    """Copies a file, which gets its name when it is whole.

    What a copy leaves that is cut off is never taken for the beginning of a download: it has a name of its own.

    Raises:
        DataError: the file cannot be read, or the folder cannot be written.
    """
    part = target.with_name(f"{target.name}.copy")
    with reading(source):
        opened = source.open("rb")
    with opened, writing(target), part.open("wb") as written:
        shutil.copyfileobj(opened, written, CHUNK)
    settle(part, target)
