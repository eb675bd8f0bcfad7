from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from components.errors import TrainingError
from components.features import ENCODER_INPUTS
from components.signatures import ORIGIN_FILE
from components.trainer import train as train_module
from components.trainer.job import Job
from components.trainer.model import build_classifier
from components.trainer.optimizer import Adam
from components.trainer.steps import Steps
from components.trainer.tracking import make_tracker
from components.trainer.train import Trained, ignore, train
from components.trainer.warm_start import load_served_weights
from tests.tiny_encoder import write_tiny_checkpoint

HEAD = {"dropout": 0.1, "head_size": 0}
SILENT = {"tensorboard": False, "wandb": None}


def run(job: Job, on_epoch: Any = ignore) -> Trained:
    return train(job, make_tracker(SILENT, job.log_dir, "test"), on_epoch)


def weights(trained: Trained) -> list[np.ndarray]:
    return [variable.numpy() for variable in trained.model.variables]


def same(first: Trained, second: Trained) -> bool:
    return all(np.array_equal(*pair) for pair in zip(weights(first), weights(second), strict=True))


@pytest.mark.parametrize("kind", ["binary", "multilabel", "multiclass"])
def test_every_kind_learns(make_job, kind):
    epochs: list[tuple[int, dict]] = []
    trained = run(make_job(kind, epochs=4), lambda number, figures: epochs.append((number, dict(figures))))
    assert [number for number, _ in epochs] == [1, 2, 3, 4]
    record = trained.record
    assert record["epochs"]["val_auc"][record["best_epoch"] - 1] == max(record["epochs"]["val_auc"])
    assert max(record["epochs"]["val_auc"]) > (0.8 if kind == "multilabel" else 0.9)
    assert record["epochs"]["loss"][-1] < record["epochs"]["loss"][0]
    assert {
        f"{prefix}{name}" for prefix in ("", "val_") for name in ("loss", "accuracy", "auc", "precision_at_recall")
    } <= set(epochs[0][1])
    assert trained.logits.shape == (40, 1 if kind == "binary" else 3)
    assert (record["steps"], record["steps_per_epoch"], record["examples"]) == (24, 6, {"train": 96, "eval": 40})


def test_pairs_learn(make_job):
    assert max(run(make_job(pair=True, epochs=3)).record["epochs"]["val_auc"]) > 0.9


def test_the_same_seed_gives_the_same_weights_bit_for_bit(make_job, tmp_path):
    job = make_job()
    first = run(job)
    job.settings["checkpoints"] = str(tmp_path / "elsewhere")
    assert same(first, run(job))
    other = make_job(seed=7)
    assert not same(first, run(other))


class Killed(BaseException):
    pass


def test_a_training_that_was_cut_off_goes_on_as_if_it_had_not_been(make_job, tmp_path):
    job = make_job(epochs=3, checkpoint_steps=2)
    whole = run(job)
    job.settings["checkpoints"] = str(tmp_path / "cut")
    tracker = make_tracker(SILENT, job.log_dir, "test")
    for last in (5, 6, 16):  # in mid-epoch, at its end, and in mid-epoch once more

        class Cut:
            def __getattr__(self, name: str) -> Any:
                return getattr(tracker, name)

            def step(self, step: int, figures: Any, last: int = last) -> None:
                if step > last:
                    raise Killed

        with pytest.raises(Killed):
            train(job, Cut())  # pyright: ignore[reportArgumentType]
    told_epochs: list[int] = []
    resumed = run(job, lambda number, _: told_epochs.append(number))
    assert resumed.record["resumed_at_step"] == 16
    assert told_epochs == [1, 2, 3]  # those of before too
    assert same(resumed, whole)
    without_rate = [
        {name: values for name, values in trained.record["epochs"].items() if name != "examples_per_second"}
        for trained in (resumed, whole)
    ]
    assert without_rate[0] == without_rate[1]


def test_another_configuration_begins_anew(make_job):
    first = run(make_job())
    assert run(make_job()).record["resumed_at_step"] == first.record["steps"]  # nothing left to do
    assert run(make_job(learning_rate=1e-3)).record["resumed_at_step"] is None


def test_only_what_decides_the_weights_decides_the_fingerprint(make_job):
    job = make_job()
    fingerprint = job.fingerprint("data")
    job.settings["tracking"] = {"tensorboard": True}
    job.settings["checkpoints"] = "elsewhere"
    assert job.fingerprint("data") == fingerprint
    assert job.fingerprint("other") != fingerprint
    job.settings["encoder"] = {**job.settings["encoder"], "digest": "another"}
    assert job.fingerprint("data") != fingerprint


def test_a_job_survives_json(make_job):
    job = make_job()
    assert Job.from_json(job.to_json()) == job


def test_patience_ends_a_training_that_gets_no_better(make_job):
    record = run(make_job(epochs=9, learning_rate=1e-12, patience=2)).record
    assert record["best_epoch"] == 1
    assert len(record["epochs"]["loss"]) == 3


def test_a_callback_ends_a_training(make_job):
    def stop(number: int, _: Any) -> None:
        raise KeyError(number)

    with pytest.raises(KeyError, match="1"):
        run(make_job(), stop)


def test_the_best_epochs_weights_are_those_that_it_had(make_job, monkeypatch):
    """Made certain by ruining the model after the first epoch."""
    job = make_job(epochs=2, select_by="loss")
    seen: list[np.ndarray] = []
    models: list[Any] = []
    monkeypatch.setattr(
        train_module, "build_classifier", lambda *given: models.append(build_classifier(*given)) or models[0]
    )

    def ruin(number: int, _: Any) -> None:
        if number == 1:
            seen.extend(variable.numpy() for variable in models[0].variables)
            for variable in models[0].trainable_variables:
                variable.assign(tf.fill(variable.shape, 7.0))

    trained = run(job, ruin)
    assert trained.record["best_epoch"] == 1
    assert all(np.array_equal(*pair) for pair in zip(weights(trained), seen, strict=True))


def test_a_loss_that_is_no_number_is_told_with_the_remedy(make_job):
    with pytest.raises(TrainingError, match=r"the loss became .* lower training\.learning_rate"):
        run(make_job(learning_rate=1e30, clip_norm=None, warmup_fraction=0.0, epochs=4))


def test_one_class_is_told_before_any_work(make_job):
    job = make_job()
    job.settings["labels"] = {**job.labels, "kind": "multilabel", "names": ["a", "b"]}
    with pytest.raises(TrainingError, match="targets of the train split have 1 labels"):
        run(job)


@pytest.fixture(scope="module")
def without_dropout(tmp_path_factory) -> Path:
    """An encoder whose training is the same however its batches are divided."""
    from components.encoders.convert import convert_checkpoint

    folder = tmp_path_factory.mktemp("without-dropout")
    off: dict[str, Any] = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    write_tiny_checkpoint(folder / "checkpoint", **off)
    convert_checkpoint(folder / "checkpoint", folder / "encoder")
    return folder / "encoder"


def losses(trained: Trained) -> list[float]:
    return [*trained.record["epochs"]["loss"], *trained.record["epochs"]["val_loss"]]


@pytest.mark.parametrize("setting", [{"accumulate": 3}, {"accumulate": 16}, {"static_shapes": True}])
def test_a_batch_in_parts_or_of_one_shape_is_the_same_step(make_job, without_dropout, setting):
    def job(**training: Any) -> Job:
        made = make_job(dropout=0.0, batch_size=20, **training)
        made.settings["encoder"] = {**made.settings["encoder"], "handle": str(without_dropout)}
        return made

    assert losses(run(job(**setting))) == pytest.approx(losses(run(job())), rel=1e-4)


@pytest.mark.parametrize(
    "setting",
    [
        {"optimizer": "radam"},
        {"frozen_layers": 1, "layer_decay": 0.8},
        {"loss": "focal", "class_weights": "balanced"},
        {"head_size": 8, "label_smoothing": 0.1, "schedule": "constant"},
    ],
)
def test_settings_train_and_make_other_weights(make_job, setting):
    assert not same(run(make_job(epochs=1, **setting)), run(make_job(epochs=1)))


def test_frozen_layers_stay(make_job, tiny_encoder):
    job = make_job(epochs=1, frozen_layers=1)
    trained = run(job).model
    fresh = build_classifier(str(tiny_encoder), "mean", job.training, 1)
    moved = {
        after.name
        for after, before in zip(trained.variables, fresh.variables, strict=True)
        if not np.array_equal(after.numpy(), before.numpy())
    }
    assert moved
    assert not [name for name in moved if "layer_0/" in name or "embedding" in name]


ORIGIN = {"encoder": "tiny", "pooling": "mean", "labels": {"kind": "binary", "names": ["a", "b"]}, "pair": False}


@pytest.fixture
def served(tmp_path, tiny_encoder) -> tuple[Path, list[np.ndarray]]:
    """A served model's folder, and its weights, which no encoder begins with."""
    model = build_classifier(str(tiny_encoder), "mean", HEAD, 1)
    for variable in model.variables:
        variable.assign(variable + 1)
    root: Any = tf.Module()
    root._weights = list(model.variables)
    root.__call__ = tf.function(lambda: model.variables[0][0], input_signature=[])
    tf.saved_model.save(root, str(tmp_path / "served"))
    (tmp_path / "served" / ORIGIN_FILE).parent.mkdir()
    (tmp_path / "served" / ORIGIN_FILE).write_text(json.dumps(ORIGIN))
    return tmp_path / "served", [variable.numpy() for variable in model.variables]


def holds(model: Any, values: list[np.ndarray]) -> bool:
    return all(np.array_equal(variable.numpy(), value) for variable, value in zip(model.variables, values, strict=True))


def test_a_warm_start_is_from_the_served_weights(served, tiny_encoder):
    folder, expected = served
    fresh = build_classifier(str(tiny_encoder), "mean", HEAD, 1)
    assert load_served_weights(fresh, str(folder), ORIGIN) == {"from": str(folder), "used": True, "reason": None}
    assert holds(fresh, expected)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"encoder": "another"}, "its encoder was another"),
        ({"pooling": "cls"}, "its pooling was another"),
        ({"labels": {"kind": "binary", "names": ["b", "a"]}}, "its labels was another"),
    ],
)
def test_a_model_of_another_origin_is_no_beginning(served, tiny_encoder, change, says):
    folder, _ = served
    fresh = build_classifier(str(tiny_encoder), "mean", HEAD, 1)
    before = [variable.numpy() for variable in fresh.variables]
    assert load_served_weights(fresh, str(folder), ORIGIN | change) == {
        "from": str(folder), "used": False, "reason": says,
    }  # fmt: skip
    assert holds(fresh, before)


def test_weights_that_do_not_fit_are_no_beginning(served, tiny_encoder):
    folder, _ = served
    other = build_classifier(str(tiny_encoder), "mean", HEAD, 3)
    before = [variable.numpy() for variable in other.variables]
    assert "logits/kernel" in load_served_weights(other, str(folder), ORIGIN)["reason"]
    assert holds(other, before)
    (folder / ORIGIN_FILE).unlink()
    assert "does not tell what it was made of" in load_served_weights(other, str(folder), ORIGIN)["reason"]


def test_a_scaled_loss_makes_the_same_step_and_skips_an_overflow(tiny_encoder):
    """What float16 takes, which no CPU has: the scaling itself runs anywhere."""

    def step(scaled: bool, scale: float = 1024.0) -> tuple[list[np.ndarray], list[np.ndarray]]:
        model = build_classifier(str(tiny_encoder), "mean", HEAD | {"dropout": 0.0}, 1)
        logits: Any = model.get_layer("logits")
        logits.kernel.assign(tf.ones([32, 1]))
        optimizer = Adam(1e-3)
        optimizer.build(model.trainable_variables)
        scaling: Any = keras.mixed_precision.LossScaleOptimizer
        loss = lambda logits, target: tf.reduce_mean(tf.square(logits - target), axis=1)  # noqa: E731
        steps = Steps(tf.distribute.get_strategy(), model, loss)
        made = scaling(optimizer, initial_scale=scale) if scaled else optimizer
        steps.prepare(made, model.trainable_variables, scaled=scaled)
        before = [variable.numpy() for variable in model.variables]
        tf.random.set_seed(1)
        batch = ({name: tf.ones([2, 8], tf.int32) for name in ENCODER_INPUTS}, tf.ones([2, 1]), tf.fill([2], 0.5))
        list(steps.train(tf.data.Dataset.from_tensors(batch)))
        return before, [variable.numpy() for variable in model.variables]

    (_, plain), (_, scaled) = step(False), step(True)
    assert all(np.allclose(one, other, atol=1e-5) for one, other in zip(plain, scaled, strict=True))
    before, after = step(True, scale=3e38)
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))


def test_figures_of_a_training_count_every_example_once(make_job):
    static, free = (
        run(make_job(epochs=1, batch_size=90, learning_rate=1e-12, dropout=0.0, **each))
        for each in ({"static_shapes": True}, {})
    )
    for name in ("accuracy", "val_accuracy"):
        assert static.record["epochs"][name] == pytest.approx(free.record["epochs"][name], abs=0.08)
    assert static.record["epochs"]["accuracy"][0] * 96 == pytest.approx(
        round(static.record["epochs"]["accuracy"][0] * 96)
    )


_TRAIN = """
import json, sys
import components
import tensorflow as tf
devices = int(sys.argv[2])
if devices > 1:
    [cpu] = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)
from components.trainer.job import Job
from components.trainer.tracking import make_tracker
from components.trainer.train import train
job = Job.from_json(open(sys.argv[1]).read())
trained = train(job, make_tracker({"tensorboard": False, "wandb": None}, job.log_dir, "test"))
weights = [float(abs(variable.numpy().astype(float)).sum()) for variable in trained.model.variables]
epochs = trained.record["epochs"]
print(json.dumps([trained.is_chief, trained.record["devices"], epochs["loss"] + epochs["val_loss"], weights]))
"""


def in_a_process(job: Job, folder: Path, devices: int = 1, **environment: str) -> subprocess.Popen:
    path = folder / f"{job.training['devices']}.json"
    path.write_text(job.to_json())
    command = [sys.executable, "-c", _TRAIN, str(path), str(devices)]
    return subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def told(process: subprocess.Popen) -> list[Any]:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err[-2000:]
    return json.loads(out.splitlines()[-1])


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


@pytest.fixture
def divided(make_job, without_dropout, tmp_path) -> Any:
    """A job whose last batch of an epoch is not full, for devices of a kind."""

    def make(devices: str) -> Job:
        job = make_job(devices=devices, dropout=0.0, batch_size=20)
        job.settings["encoder"] = {**job.settings["encoder"], "handle": str(without_dropout)}
        job.settings["checkpoints"] = str(tmp_path / f"checkpoints-{devices}")
        return job

    return make


def test_two_devices_and_two_workers_train_as_one_device_does(divided, tmp_path):
    alone = run(divided("one"))
    mirrored = in_a_process(divided("mirrored"), tmp_path, devices=2)
    is_chief, named, found, _ = told(mirrored)
    assert (is_chief, named) == (True, "MirroredStrategy on 2 devices")
    assert found == pytest.approx(losses(alone), rel=1e-4)

    addresses = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    configs = [json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": n}}) for n in (0, 1)]
    job = divided("multi_worker")
    workers = [in_a_process(job, tmp_path, TF_CONFIG=config) for config in configs]
    chief, other = (told(worker) for worker in workers)
    assert (chief[0], other[0]) == (True, False)
    assert chief[1] == other[1] == "CollectiveAllReduceStrategy on 2 devices"
    assert chief[2] == pytest.approx(losses(alone), rel=1e-4)
    assert chief[2] == other[2]
