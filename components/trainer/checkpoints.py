"""What a training that was killed goes on from: outside the execution's own folder, which the next one does not have.

Below the folder stands one named after the pipeline, below that one named after the training's fingerprint, and in it
`latest.json`, which is written last and names all that belongs to it: a checkpoint that was being written when the
process was killed is never read.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import logging
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from components.durable import sync_tree
from components.errors import TrainingError

_LATEST = "latest.json"
_HOME = re.compile(r"[0-9a-f]{32}")  # what a training's folder is called
_KEPT_STRANGERS = 1  # other trainings' folders, which may still be gone on with; older ones make room
_LOG = logging.getLogger(__name__)

# What a file system without room, or one that may not be written, raises through TensorFlow and NumPy.
_WRITE_ERRORS = (OSError, tf.errors.OpError)
# What reading a file that was cut off, or is another, raises through TensorFlow, NumPy and json.
_READ_ERRORS = (
    OSError, EOFError, tf.errors.OpError, zipfile.BadZipFile, AssertionError, LookupError, TypeError, ValueError,
)  # fmt: skip


@dataclasses.dataclass
class Progress:
    """How far a training has come.

    Attributes:
        step: optimizer's steps done, in all.
        epoch: epochs done.
        in_epoch: steps done of the epoch that is going on.
        figures: of each epoch done, by name.
        best_epoch: number from 1 of the best epoch so far, 0 for none.
        best: its value of what epochs are selected by.
        losses: of the steps of the epoch that is going on.
        logits_seen, targets_seen: of the examples of that epoch so far, `[examples, labels]`.
    """

    step: int = 0
    epoch: int = 0
    in_epoch: int = 0
    figures: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    best_epoch: int = 0
    best: float | None = None
    losses: list[float] = dataclasses.field(default_factory=list)
    logits_seen: list[np.ndarray] = dataclasses.field(default_factory=list)
    targets_seen: list[np.ndarray] = dataclasses.field(default_factory=list)


_ARRAYS = ("logits_seen", "targets_seen")


class Checkpoints:
    """Where one training's checkpoints are kept."""

    def __init__(self, folder: str, name: str, fingerprint: str, writes: bool = True) -> None:
        """
        Args:
            folder: local or a URL that TensorFlow writes to.
            name: of the pipeline, whose checkpoints no other touches.
            fingerprint: of the training; another one's checkpoints are never read.
            writes: whether this process is the one that writes them; others only read.
        """
        self._root, self._writes = f"{folder.rstrip('/')}/{name}", writes
        self._home = f"{self._root}/{fingerprint[:32]}"

    def restore(self, state: tf.train.Checkpoint) -> Progress:
        """Brings model and optimizer to where the training was, and tells where that is.

        Raises:
            TrainingError: a checkpoint is there, but cannot be read.
        """
        with self._reading():
            manifest = self._manifest()
            if manifest is None:
                return Progress()
            state.read(f"{self._home}/{manifest['name']}/state").assert_existing_objects_matched()
            progress = dataclasses.replace(Progress(**manifest["progress"]), **self._read_arrays(manifest["name"]))
        _LOG.info("going on at step %d from %s", progress.step, self._home)
        return progress

    def save(self, state: tf.train.Checkpoint, progress: Progress) -> None:
        """Keeps where the training is, and then forgets where it was before.

        Raises:
            TrainingError: there is no room, or the folder cannot be written.
        """
        if not self._writes:
            return
        name = f"step-{progress.step}-{progress.epoch}"
        with self._writing():
            tf.io.gfile.makedirs(f"{self._home}/{name}")
            state.write(f"{self._home}/{name}/state")
            self._write_arrays(name, progress)
            self._sync()
            self._publish(name, progress)
            self._forget(lambda other: other.startswith("step-") and other != name)

    def save_best(self, weights: tf.train.Checkpoint, epoch: int, logits: np.ndarray) -> None:
        """Keeps the weights of an epoch, and the logits `[examples, labels]` that they gave the eval split."""
        if not self._writes:
            return
        with self._writing():
            tf.io.gfile.makedirs(f"{self._home}/best-{epoch}")
            weights.write(f"{self._home}/best-{epoch}/weights")
            self._write_npz(f"best-{epoch}/logits.npz", logits=logits)

    def restore_best(self, weights: tf.train.Checkpoint, epoch: int) -> np.ndarray:
        """Brings the weights back to that epoch's; returns the logits kept with them."""
        with self._reading():
            weights.read(f"{self._home}/best-{epoch}/weights").assert_existing_objects_matched()
            return self._read_npz(f"best-{epoch}/logits.npz")["logits"]

    def forget_best(self, but: int) -> None:
        """Deletes the weights of all epochs but one."""
        if self._writes:
            with self._writing():
                self._forget(lambda name: name.startswith("best-") and name != f"best-{but}")

    def make_room(self) -> None:
        """Deletes the checkpoints of the pipeline's other trainings, but for the newest, which may be gone on with."""
        if not self._writes or not tf.io.gfile.isdir(self._root):
            return
        names = [name.rstrip("/") for name in tf.io.gfile.listdir(self._root)]
        strangers = [home for name in names if _HOME.fullmatch(name) and (home := f"{self._root}/{name}") != self._home]
        with self._writing():
            for home in sorted(filter(tf.io.gfile.isdir, strangers), key=_age)[:-_KEPT_STRANGERS]:
                _LOG.info("deleting the checkpoints of an earlier training in %s", home)
                tf.io.gfile.rmtree(home)

    def _manifest(self) -> dict[str, Any] | None:
        path = f"{self._home}/{_LATEST}"
        if not tf.io.gfile.exists(path):
            return None
        with tf.io.gfile.GFile(path) as file:
            return json.load(file)

    def _publish(self, name: str, progress: Progress) -> None:
        kept = {key: value for key, value in vars(progress).items() if key not in _ARRAYS}
        partial = f"{self._home}/.{_LATEST}"
        with tf.io.gfile.GFile(partial, "w") as file:
            file.write(json.dumps({"name": name, "progress": kept}))
        tf.io.gfile.rename(partial, f"{self._home}/{_LATEST}", overwrite=True)

    def _write_arrays(self, name: str, progress: Progress) -> None:
        arrays = {key: getattr(progress, key) for key in _ARRAYS}
        self._write_npz(f"{name}/seen.npz", **{key: np.concatenate(each) for key, each in arrays.items() if each})

    def _read_arrays(self, name: str) -> dict[str, Any]:
        return {key: [array] for key, array in self._read_npz(f"{name}/seen.npz").items()}

    def _write_npz(self, name: str, **arrays: np.ndarray) -> None:
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # pyright: ignore[reportArgumentType]  (takes the next argument for allow_pickle)
        with tf.io.gfile.GFile(f"{self._home}/{name}", "wb") as file:
            file.write(buffer.getvalue())

    def _read_npz(self, name: str) -> dict[str, np.ndarray]:
        with tf.io.gfile.GFile(f"{self._home}/{name}", "rb") as file, np.load(io.BytesIO(file.read())) as arrays:
            return dict(arrays)

    def _forget(self, unwanted: Callable[[str], bool]) -> None:
        for entry in tf.io.gfile.listdir(self._home):
            name = entry.rstrip("/")
            if unwanted(name):
                tf.io.gfile.rmtree(f"{self._home}/{name}")

    def _sync(self) -> None:
        """Forces what was written to the disk, so that what names it never names less."""
        if "://" not in self._home:
            sync_tree(Path(self._home))

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except _READ_ERRORS as error:
            raise TrainingError(
                f"the checkpoint in {self._home} cannot be read ({_told(error)}); delete that folder, and this "
                "training begins anew"
            ) from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except _WRITE_ERRORS as error:
            raise TrainingError(
                f"no checkpoint can be written to {self._home} ({_told(error)}); make room there (some eight times the "
                "encoder's size), and run again: training goes on from the checkpoint before; or set "
                "training.checkpoints to another folder, where it begins anew"
            ) from error


def _told(error: Exception) -> str:
    """The first line of what the error says, or its name."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def _age(home: str) -> int:
    """When the folder was written to last."""
    return int(tf.io.gfile.stat(home).mtime_nsec)
