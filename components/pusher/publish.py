"""Publishing a SavedModel to a folder that TensorFlow Serving watches.

A version appears at once and whole: it is copied to a hidden neighbour, which TensorFlow Serving passes over as it does
every name that is no number, forced to the disk, read back, and renamed. Versions only grow, even where the clock was
set back or somebody chose a higher number.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import fasteners

from components import model_folder
from components.errors import PushError
from components.pusher.verify import verify_version

PUSHED = "pushed"
UNCHANGED = "unchanged"

_LOCK_NAME = ".push.lock"
_TEMPORARY_PREFIX = ".push-"


@dataclasses.dataclass(frozen=True)
class Push:
    """What became of a push: `status` is PUSHED or UNCHANGED; `version` and `folder` say where the model is served."""

    status: str
    version: int
    folder: str
    digest: str


def publish(model: str | Path, base: str | Path) -> Push:
    """Publishes the SavedModel in `model` as the next version in `base`, unless it is what is served already.

    Raises:
        PushError: `base` is a URL, cannot be written, or has no room. Nothing half-made stays visible.
    """
    folder = model_folder.local_folder(base)
    digest = model_folder.model_digest(model)
    with _shown_as_push_error(folder), _locked(folder):
        _remove_leftovers(folder)
        served = model_folder.latest_complete(folder)
        if served is not None:
            served_folder = model_folder.version_folder(folder, served)
            if model_folder.model_digest(served_folder) == digest:
                return Push(UNCHANGED, served, str(served_folder), digest)
        version = _next_version(folder)
        _place(Path(model), folder / str(version), digest)
    return Push(PUSHED, version, str(folder / str(version)), digest)


def _next_version(base: Path) -> int:
    latest, now = model_folder.latest(base), int(time.time())
    return now if latest is None else max(latest + 1, now)


def _place(model: Path, target: Path, digest: str) -> None:
    temporary = target.parent / f"{_TEMPORARY_PREFIX}{uuid.uuid4().hex}"
    try:
        _copy_durably(model, temporary)
        verify_version(temporary, digest)
        temporary.rename(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    _sync(target.parent)


def _copy_durably(source: Path, target: Path) -> None:
    """Copies a tree and forces every file and folder of the copy to the disk.

    Contents only: the copy gets the permissions of any new file, so that a server which runs as another user reads it.
    """
    target.mkdir()
    for child in source.iterdir():
        if child.is_dir():
            _copy_durably(child, target / child.name)
        else:
            shutil.copyfile(child, target / child.name)
            _sync(target / child.name)
    _sync(target)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_leftovers(base: Path) -> None:
    """Removes what killed pushes left. The lock is held, so none of it is still being written."""
    for leftover in base.glob(f"{_TEMPORARY_PREFIX}*"):
        shutil.rmtree(leftover)


@contextlib.contextmanager
def _locked(base: Path) -> Iterator[None]:
    base.mkdir(parents=True, exist_ok=True)
    with fasteners.InterProcessLock(base / _LOCK_NAME):
        yield


@contextlib.contextmanager
def _shown_as_push_error(base: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PushError(
            f"push.folder: cannot publish to {base}: {error}; "
            "free space there or grant the right to write, or set push.folder to another folder, and run again"
        ) from error
