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
    return Checkpoints(str(tmp_path), "a" * 64)


def test_nothing_kept_is_the_beginning(checkpoints):
    assert checkpoints.restore(state(1.0)) == Progress()


def test_what_was_kept_last_comes_back_whole(checkpoints, tmp_path):
    for step in (5, 10):
        checkpoints.save(state(float(step)), progress(step))
    found = state(0.0)
    restored = Checkpoints(str(tmp_path), "a" * 64).restore(found)
    assert float(found.weight[0]) == 10.0
    assert (restored.step, restored.epoch, restored.in_epoch, restored.figures) == (10, 1, 10, {"auc": [0.5]})
    assert (restored.best_epoch, restored.best, restored.losses) == (1, 0.5, [0.25])
    assert np.concatenate(restored.logits_seen).tolist() == [[10.0], [10.0]]
    assert [path.name for path in tmp_path.glob("*/step-*")] == ["step-10-1"]


def test_one_that_was_being_written_is_never_read(checkpoints, tmp_path):
    checkpoints.save(state(5.0), progress(5))
    [home] = tmp_path.iterdir()
    (home / "step-10-1").mkdir()
    (home / "step-10-1" / "state.index").write_bytes(b"half")
    (home / ".latest.json").write_text('{"name": "step-10')
    found = state(0.0)
    assert checkpoints.restore(found).step == 5
    assert float(found.weight[0]) == 5.0


def test_another_trainings_is_never_read(checkpoints, tmp_path):
    checkpoints.save(state(5.0), progress(5))
    assert Checkpoints(str(tmp_path), "b" * 64).restore(state(0.0)) == Progress()


def test_the_best_epochs_weights_outlast_the_others(checkpoints, tmp_path):
    for epoch in (1, 2):
        checkpoints.save_best(state(float(epoch)), epoch, np.full([3, 1], epoch, np.float32))
    checkpoints.forget_best(but=2)
    found = state(0.0)
    assert checkpoints.restore_best(found, 2).tolist() == [[2.0]] * 3
    assert float(found.weight[0]) == 2.0
    assert [path.name for path in tmp_path.glob("*/best-*")] == ["best-2"]


def test_abandoned_trainings_make_room_for_the_newest(tmp_path):
    for place, name in enumerate("abcd"):
        Checkpoints(str(tmp_path), name * 64).save(state(1.0), progress(1))
        os.utime(tmp_path / (name * 32), (1000 + place, 1000 + place))
    Checkpoints(str(tmp_path), "a" * 64).make_room()
    assert sorted(path.name[0] for path in tmp_path.iterdir()) == ["a", "c", "d"]


def test_only_the_chief_writes(tmp_path):
    other = Checkpoints(str(tmp_path), "a" * 64, writes=False)
    other.save(state(1.0), progress(1))
    other.save_best(state(1.0), 1, np.zeros([1, 1]))
    other.delete()
    assert not list(tmp_path.iterdir())


def test_an_ended_training_leaves_nothing(checkpoints, tmp_path):
    checkpoints.save(state(1.0), progress(1))
    checkpoints.delete()
    checkpoints.delete()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_told_with_the_remedy(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match=r"no checkpoint can be written .* set training\.checkpoints"):
        Checkpoints(str(tmp_path / "file"), "a" * 64).save(state(1.0), progress(1))


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


def test_a_broken_checkpoint_is_told_with_the_remedy(checkpoints, tmp_path):
    checkpoints.save(state(5.0), progress(5))
    next(tmp_path.glob("*/*/state.data*")).write_bytes(b"")
    with pytest.raises(TrainingError, match=r"cannot be read .* delete"):
        checkpoints.restore(state(0.0))
