"""Files of a folder of data: they get their names when they are whole and right; one process at a time writes them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fasteners

from components.durable import sync
from components.errors import DataError
from components.fetch.catalogue import Official

CHUNK = 1 << 20
_PATIENCE = 3600.0  # seconds that a process waits for another that fetches the same file


@contextmanager
def locked(target: Path) -> Iterator[None]:
    """One process at a time, for as long as the block takes; makes the folder.

    Raises:
        DataError: the folder cannot be written, or another process holds the file for an hour.
    """
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = fasteners.InterProcessLock(str(target.with_name(f".{target.name}.lock")))
        mine = lock.acquire(timeout=_PATIENCE)
    if not mine:
        raise DataError(f"another process has been fetching {target} for an hour; end it, or wait for it")
    try:
        yield
    finally:
        lock.release()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns what goes wrong with files inside the block into DataError."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{path} cannot be written ({error.strerror or error}); make room or give another folder with --to"
        ) from error


def part_of(target: Path) -> Path:
    """The file that holds what there is so far."""
    return target.with_name(f"{target.name}.part")


def is_intact(target: Path, official: Official) -> bool:
    """Whether the file is there, and is the official one as far as that is known."""
    return target.is_file() and difference(target, official) is None


def difference(path: Path, official: Official) -> str | None:
    """In what a file is not the official one, in words; None where it is, or nothing is known."""
    size = path.stat().st_size
    if official.size is not None and size != official.size:
        return f"has {size:,} bytes and not {official.size:,}"
    for algorithm, expected in (("sha256", official.sha256), ("md5", official.md5)):
        if expected is not None:
            found = _checksum(path, algorithm)
            return None if found == expected else f"has the {algorithm} {found} and not {expected}"
    return None


def settle(part: Path, target: Path) -> None:
    """Gives a whole file its name, in one step that survives a crash.

    Raises:
        DataError: the folder cannot be written.
    """
    with writing(target):
        sync(part)
        part.replace(target)
        sync(target.parent)


def copy(source: Path, target: Path) -> None:
    """Copies a file, which gets its name when it is whole.

    Raises:
        DataError: the file cannot be read, or the folder cannot be written.
    """
    part = part_of(target)
    try:
        opened = source.open("rb")
    except OSError as error:
        raise DataError(f"{source} cannot be read ({error.strerror or error}); check its rights") from error
    with opened, writing(target), part.open("wb") as written:
        shutil.copyfileobj(opened, written, CHUNK)
    settle(part, target)


def _checksum(path: Path, algorithm: str) -> str:
    total = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(CHUNK), b""):
            total.update(chunk)
    return total.hexdigest()
