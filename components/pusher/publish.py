"""Publishing a SavedModel to a folder that TensorFlow Serving watches.

A version appears at once and whole: it is copied to a hidden neighbour, which TensorFlow Serving passes over as it does
every name that is no number, forced to the disk, read back, loaded and called, and renamed. Versions only grow, even
where the clock was set back or somebody chose a higher number.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import fasteners

from components import model_folder
from components.durable import sync, sync_tree
from components.errors import PushError
from components.pusher.verify import verify_version

PUSHED = "pushed"
UNCHANGED = "unchanged"

_LOCK_NAME = ".push.lock"
_NOTE_NAME = ".push.json"
_TEMPORARY_PREFIX = ".push-"

Probe = Callable[[str], object]
"""Raises PushError where the SavedModel in a folder cannot be used."""


@dataclasses.dataclass(frozen=True)
class Push:
    """What became of a push: `status` is PUSHED or UNCHANGED; `version` and `folder` say where the model is served."""

    status: str
    version: int
    folder: str
    digest: str


def publish(
    model: str | Path,
    base: str | Path,
    compared: str | None,
    probe: Probe,
    run: str = "",
    added: Mapping[str, str] | None = None,
) -> Push:
    """Publishes the SavedModel in `model` as the next version in `base`, unless it is what is served already.

    A run that is tried again after it has published, and lost its answer, is answered that it has.

    Args:
        model: SavedModel folder.
        base: TensorFlow Serving's base path; made where it is missing.
        compared: digest of the served model that this one was compared with, None where nothing was served then.
        probe: called with the copy before it becomes visible.
        run: something that only this run has; empty where it is never tried again.
        added: texts of files that are published with the model, by their paths in it; of `ADDED_BY_PUSHER`.

    Raises:
        PushError: `base` is a URL, cannot be written, has no room or no higher version; or what is served there is not
            what the model was compared with; or the probe refuses the copy. Nothing half-made stays visible.
    """
    folder = model_folder.local_folder(base)
    digest = model_folder.model_digest(model)
    with _shown_as_push_error(folder), _locked(folder):
        _remove_leftovers(folder)
        served = _served(folder)
        if served and served.digest == digest:
            return dataclasses.replace(served, status=PUSHED) if _is_of(run, folder, served.version) else served
        _check_compared(folder, served, compared)
        version = _next_version(folder)
        _note(run, folder, version)
        _place(Path(model), folder / str(version), digest, probe, added or {})
    return Push(PUSHED, version, str(folder / str(version)), digest)


def _served(base: Path) -> Push | None:
    """What is served now, as the push that would change nothing; None where nothing is."""
    version = model_folder.latest_complete(base)
    if version is None:
        return None
    folder = model_folder.version_folder(base, version)
    return Push(UNCHANGED, version, str(folder), model_folder.model_digest(folder))


def _note(run: str, base: Path, version: int) -> None:
    """Keeps which run is about to publish the version: whoever comes after a crash can tell whose it is."""
    partial = base / f"{_TEMPORARY_PREFIX}note"
    partial.write_text(json.dumps({"run": run, "version": version}), encoding="utf-8")
    partial.replace(base / _NOTE_NAME)
    sync(base)


def _is_of(run: str, base: Path, version: int) -> bool:
    note = base / _NOTE_NAME
    return bool(run) and note.is_file() and json.loads(note.read_text("utf-8")) == {"run": run, "version": version}


def _check_compared(base: Path, served: Push | None, compared: str | None) -> None:
    """Refuses to replace a model that users got after the candidate was judged: nobody knows which is the better."""
    if (served.digest if served else None) == compared:
        return
    if served is None:
        raise PushError(
            f"push.folder: the served model in {base}, which this one was compared with, was removed "
            "while this run went on; start a new run to be judged as a first model"
        )
    raise PushError(
        f"push.folder: version {served.version} came to be served in {base} while this run went on; "
        "start a new run to be compared with it"
    )


def _next_version(base: Path) -> int:
    latest, now = model_folder.latest(base), int(time.time())
    version = now if latest is None else max(latest + 1, now)
    if version > model_folder.LARGEST_VERSION:
        raise PushError(
            f"push.folder: {base} holds version {latest}, and TensorFlow Serving reads no higher number; "
            "rename that folder to a smaller one, and run again"
        )
    return version


def _place(model: Path, target: Path, digest: str, probe: Probe, added: Mapping[str, str]) -> None:
    temporary = target.parent / f"{_TEMPORARY_PREFIX}{uuid.uuid4().hex}"
    try:
        _copy_contents(model, temporary)
        for name, text in added.items():
            (temporary / name).parent.mkdir(parents=True, exist_ok=True)
            (temporary / name).write_text(text, encoding="utf-8")
        sync_tree(temporary)
        verify_version(temporary, digest)
        probe(str(temporary))
        temporary.rename(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    sync(target.parent)


def _copy_contents(source: Path, target: Path) -> None:
    """Copies a tree without its permissions: the copy gets those of any new file, so that a server that runs as another
    user reads it.
    """
    target.mkdir()
    for child in source.iterdir():
        if child.is_dir():
            _copy_contents(child, target / child.name)
        else:
            shutil.copyfile(child, target / child.name)


def _remove_leftovers(base: Path) -> None:
    """Removes what killed pushes left. The lock is held, so none of it is still being written."""
    for leftover in base.glob(f"{_TEMPORARY_PREFIX}*"):
        leftover.unlink() if leftover.is_file() else shutil.rmtree(leftover)


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
