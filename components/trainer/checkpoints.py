"""What a training that was killed goes on from: outside the execution's own folder, which the next one does not have.

Below the folder stands one named after the training's fingerprint, and in it `latest.json`, which is written last and
names all that belongs to it: a checkpoint that was being written when the process was killed is never read.
"""

from __future__ import annotations

import dataclasses
import io
import json
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from components.errors import TrainingError

_LATEST = "latest.json"
_KEPT_STRANGERS = 2  # other trainings' folders, which may still be gone on with; older ones make room
_LOG = logging.getLogger(__name__)

# What a file system without room, or one that may not be written, raises through TensorFlow and NumPy.
_WRITE_ERRORS = (OSError, tf.errors.OpError)


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

    def __init__(self, folder: str, fingerprint: str, writes: bool = True) -> None:
        """
        Args:
            folder: local or a URL that TensorFlow writes to.
            fingerprint: of the training; another one's checkpoints are never read.
            writes: whether this process is the one that writes them; others only read.
        """
        self._root, self._writes = folder.rstrip("/"), writes
        self._home = f"{self._root}/{fingerprint[:32]}"

    def restore(self, state: tf.train.Checkpoint) -> Progress:
        """Brings model and optimizer to where the training was, and tells where that is.

        Raises:
            TrainingError: a checkpoint is there, but cannot be read.
        """
        manifest = self._manifest()
        if manifest is None:
            return Progress()
        try:
            state.read(f"{self._home}/{manifest['name']}/state").assert_existing_objects_matched()
            arrays = self._read_arrays(manifest["name"])
        except (tf.errors.OpError, AssertionError, IndexError, ValueError, OSError) as error:
            raise TrainingError(
                f"the checkpoint {self._home}/{manifest['name']} cannot be read ({error}); delete {self._home}, "
                "and this training begins anew"
            ) from error
        _LOG.info("going on at step %d from %s", manifest["progress"]["step"], self._home)
        return dataclasses.replace(Progress(**manifest["progress"]), **arrays)

    def save(self, state: tf.train.Checkpoint, progress: Progress) -> None:
        """Keeps where the training is, and then forgets where it was before.

        Raises:
            TrainingError: there is no room, or the folder cannot be written.
        """
        if not self._writes:
            return
        name = f"step-{progress.step}-{progress.epoch}"
        try:
            tf.io.gfile.makedirs(f"{self._home}/{name}")
            state.write(f"{self._home}/{name}/state")
            self._write_arrays(name, progress)
            self._publish(name, progress)
        except _WRITE_ERRORS as error:
            raise self._unwritable(error) from error
        self._forget(lambda other: other.startswith("step-") and other != name)

    def save_best(self, weights: tf.train.Checkpoint, epoch: int, logits: np.ndarray) -> None:
        """Keeps the weights of an epoch, and the logits `[examples, labels]` that they gave the eval split."""
        if not self._writes:
            return
        try:
            tf.io.gfile.makedirs(f"{self._home}/best-{epoch}")
            weights.write(f"{self._home}/best-{epoch}/weights")
            self._write_npz(f"best-{epoch}/logits.npz", logits=logits)
        except _WRITE_ERRORS as error:
            raise self._unwritable(error) from error

    def restore_best(self, weights: tf.train.Checkpoint, epoch: int) -> np.ndarray:
        """Brings the weights back to that epoch's; returns the logits kept with them."""
        weights.read(f"{self._home}/best-{epoch}/weights").assert_existing_objects_matched()
        return self._read_npz(f"best-{epoch}/logits.npz")["logits"]

    def forget_best(self, but: int) -> None:
        """Deletes the weights of all epochs but one."""
        if self._writes:
            self._forget(lambda name: name.startswith("best-") and name != f"best-{but}")

    def make_room(self) -> None:
        """Deletes the checkpoints of other trainings, but for the newest few that may still be gone on with."""
        if not self._writes or not tf.io.gfile.isdir(self._root):
            return
        homes = [f"{self._root}/{name.rstrip('/')}" for name in tf.io.gfile.listdir(self._root)]
        strangers = [home for home in homes if home != self._home and tf.io.gfile.isdir(home)]
        for home in sorted(strangers, key=_age)[:-_KEPT_STRANGERS]:
            _LOG.info("deleting the checkpoints of an abandoned training in %s", home)
            tf.io.gfile.rmtree(home)

    def delete(self) -> None:
        """Deletes this training's, which has come to its end."""
        if self._writes and tf.io.gfile.exists(self._home):
            tf.io.gfile.rmtree(self._home)

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

    def _unwritable(self, error: Exception) -> TrainingError:
        cause = next(iter(str(error).splitlines()), type(error).__name__)
        return TrainingError(
            f"no checkpoint can be written to {self._home} ({cause}); make room there (about three times the encoder's "
            "size), or set training.checkpoints to a folder elsewhere, and run again: training goes on from the "
            "checkpoint before"
        )


def _age(home: str) -> int:
    """When the folder was written to last."""
    return int(tf.io.gfile.stat(home).mtime_nsec)
