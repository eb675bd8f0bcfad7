from __future__ import annotations

import os

import numpy as np
import pytest
import tensorflow as tf

from components.errors import TrainingError
from components.trainer.checkpoints import Checkpoints, Progress


def state(value: float) -> tf.train.Checkpoint:
    return tf.train.Checkpoint(weight=tf.Variable(tf.constant([value])))


def progress(step: int) -> Progress:
    seen = [np.full([2, 1], step, np.float32)]
    return Progress(step, 1, step, {"auc": [0.5]}, 1, 0.5, [0.25], seen, list(seen))


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(str(tmp_path), "task", "a" * 64)


def test_nothing_kept_is_the_beginning(checkpoints):
    assert checkpoints.restore(state(1.0)) == Progress()


def test_what_was_kept_last_comes_back_whole(checkpoints, tmp_path):
    for step in (5, 10):
        checkpoints.save(state(float(step)), progress(step))
    found = state(0.0)
    restored = Checkpoints(str(tmp_path), "task", "a" * 64).restore(found)
    assert float(found.weight[0]) == 10.0
    assert (restored.step, restored.epoch, restored.in_epoch, restored.figures) == (10, 1, 10, {"auc": [0.5]})
    assert (restored.best_epoch, restored.best, restored.losses) == (1, 0.5, [0.25])
    assert np.concatenate(restored.logits_seen).tolist() == [[10.0], [10.0]]
    assert [path.name for path in tmp_path.glob("task/*/step-*")] == ["step-10-1"]


def test_one_that_was_being_written_is_never_read(checkpoints, tmp_path):
    checkpoints.save(state(5.0), progress(5))
    [home] = (tmp_path / "task").iterdir()
    (home / "step-10-1").mkdir()
    (home / "step-10-1" / "state.index").write_bytes(b"half")
    (home / ".latest.json").write_text('{"name": "step-10')
    found = state(0.0)
    assert checkpoints.restore(found).step == 5
    assert float(found.weight[0]) == 5.0


def test_another_trainings_is_never_read(checkpoints, tmp_path):
    checkpoints.save(state(5.0), progress(5))
    assert Checkpoints(str(tmp_path), "task", "b" * 64).restore(state(0.0)) == Progress()


def test_the_best_epochs_weights_outlast_the_others(checkpoints, tmp_path):
    for epoch in (1, 2):
        checkpoints.save_best(state(float(epoch)), epoch, np.full([3, 1], epoch, np.float32))
    checkpoints.forget_best(but=2)
    found = state(0.0)
    assert checkpoints.restore_best(found, 2).tolist() == [[2.0]] * 3
    assert float(found.weight[0]) == 2.0
    assert [path.name for path in tmp_path.glob("task/*/best-*")] == ["best-2"]


def test_earlier_trainings_make_room_for_the_newest_and_nothing_else_is_touched(tmp_path):
    mine, foreign = tmp_path / "task" / "photos", tmp_path / "other-task" / ("f" * 32)
    for place, name in enumerate("abcd"):
        Checkpoints(str(tmp_path), "task", name * 64).save(state(1.0), progress(1))
        os.utime(tmp_path / "task" / (name * 32), (1000 + place, 1000 + place))
    for folder in (mine, foreign):
        folder.mkdir(parents=True)
        os.utime(folder, (1, 1))
    Checkpoints(str(tmp_path), "task", "a" * 64).make_room()
    assert sorted(path.name[0] for path in (tmp_path / "task").iterdir()) == ["a", "d", "p"]
    assert mine.is_dir()
    assert foreign.is_dir()


def test_only_the_chief_writes(tmp_path):
    other = Checkpoints(str(tmp_path), "task", "a" * 64, writes=False)
    other.save(state(1.0), progress(1))
    other.save_best(state(1.0), 1, np.zeros([1, 1]))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_told_with_the_remedy(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match=r"no checkpoint can be written .* set training\.checkpoints"):
        Checkpoints(str(tmp_path / "file"), "task", "a" * 64).save(state(1.0), progress(1))


def test_a_full_disk_is_told_and_the_checkpoint_before_stays(checkpoints, tmp_path, monkeypatch):
    checkpoints.save(state(5.0), progress(5))

    def full(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "state.data: No space left on device")

    big = state(10.0)
    monkeypatch.setattr(big, "write", full)
    with pytest.raises(TrainingError, match=r"No space left on device.*make room there"):
        checkpoints.save(big, progress(10))
    found = state(0.0)
    assert checkpoints.restore(found).step == 5


@pytest.mark.parametrize("name", ["step-5-1/state.data-00000-of-00001", "step-5-1/seen.npz", "latest.json"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half", b"{"])
def test_a_broken_checkpoint_is_told_with_the_remedy(checkpoints, tmp_path, name, content):
    checkpoints.save(state(5.0), progress(5))
    [home] = (tmp_path / "task").iterdir()
    (home / name).write_bytes(content)
    with pytest.raises(TrainingError, match=r"cannot be read .* delete that folder"):
        checkpoints.restore(state(0.0))


def test_broken_best_weights_are_told_too(checkpoints, tmp_path):
    checkpoints.save_best(state(1.0), 1, np.zeros([1, 1], np.float32))
    next(tmp_path.glob("task/*/best-1/logits.npz")).write_bytes(b"")
    with pytest.raises(TrainingError, match=r"cannot be read"):
        checkpoints.restore_best(state(0.0), 1)
