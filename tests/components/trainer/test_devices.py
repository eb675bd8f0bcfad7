from __future__ import annotations

import json
from typing import Any

import pytest
import tensorflow as tf

from components.errors import TrainingError
from components.trainer import devices
from components.trainer.batches import Share

AUTO: dict[str, Any] = {"devices": "auto", "tpu": None}


def cluster(index: int = 0, task: str = "worker", **jobs: list[str]) -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({"cluster": jobs, "task": {"type": task, "index": index}})}


def test_one_device_is_all_that_there_is_here():
    assert devices.choose(AUTO, {}) == "one"
    strategy = devices.make_strategy("one")
    assert devices.is_default(strategy)
    assert devices.share_of(strategy) == Share()
    assert devices.describe(strategy) == "one device"


def test_what_is_configured_comes_before_what_there_is():
    assert devices.choose({"devices": "mirrored", "tpu": None}, cluster(worker=["a:1", "b:1"])) == "mirrored"


def test_workers_and_tpus_are_found():
    assert devices.choose(AUTO, cluster(worker=["a:1", "b:1"])) == "multi_worker"
    assert devices.choose(AUTO, cluster(worker=["a:1"])) == "one"
    assert devices.choose({"devices": "auto", "tpu": "mine"}, {}) == "tpu"
    assert devices.choose(AUTO, {"TPU_NAME": "mine"}) == "tpu"


def test_several_gpus_share_the_batches(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [1, 2] if kind == "GPU" else [])
    assert devices.choose(AUTO, {}) == "mirrored"


def test_the_chief_is_the_first_worker():
    assert devices.worker_number({}) == 0
    assert devices.worker_number(cluster(1, worker=["a:1", "b:1"])) == 1
    assert devices.worker_number(cluster(0, "chief", chief=["a:1"], worker=["b:1"])) == 0
    assert devices.worker_number(cluster(0, "worker", chief=["a:1"], worker=["b:1"])) == 1
    assert devices.workers(cluster(chief=["a:1"], worker=["b:1"])) == ["a:1", "b:1"]


@pytest.mark.parametrize("text", ["{", "[]", "3"])
def test_a_broken_tf_config_is_told(text):
    with pytest.raises(TrainingError, match="TF_CONFIG is no JSON object"):
        devices.choose(AUTO, {"TF_CONFIG": text})


@pytest.mark.parametrize(
    ("kind", "says"), [("multi_worker", "no cluster of two workers"), ("tpu", "tpu cannot be set up")]
)
def test_devices_that_are_not_there_are_told(kind, says, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(TrainingError, match=says):
        devices.make_strategy(kind, tpu="127.0.0.1:1" if kind == "tpu" else None)


def test_a_mirrored_strategy_shares_by_its_devices():
    strategy = devices.make_strategy("mirrored")
    assert devices.share_of(strategy) == Share(0, 1, 1)
    assert devices.describe(strategy) == "MirroredStrategy on 1 device"
    assert not devices.is_default(strategy)
