from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
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
    assert devices.kind_of(strategy) == "CPU"


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


TWO = {"worker": ["a:1", "b:1"]}


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"cluster": ["a:1", "b:1"]}, "cluster is"),
        ({"cluster": {"worker": "a:1"}}, "cluster.worker is 'a:1': input should be a valid list"),
        ({"cluster": {"worker": ["a:1", "b"]}}, "cluster.worker.1 is 'b': not of the form HOST:PORT"),
        ({"cluster": {"worker": ["a:1", "a:1"]}}, "cluster names an address twice"),
        ({"cluster": {"chief": ["a:1", "b:1"]}}, "cluster.chief is"),
        ({"cluster": TWO}, "task is missing"),
        ({"cluster": TWO, "task": {"index": 0}}, "task.type is missing"),
        ({"cluster": TWO, "task": {"type": "worker"}}, "task.index is missing"),
        (
            {"cluster": TWO, "task": {"type": "ps", "index": 0}},
            "task.type is 'ps': input should be 'chief' or 'worker'",
        ),
        (
            {"cluster": TWO, "task": {"type": "worker", "index": 2}},
            "task.index is 2, but cluster.worker has 2 addresses",
        ),
        ({"cluster": TWO, "task": {"type": "worker", "index": -1}}, "task.index is -1"),
        ({"cluster": TWO, "task": {"type": "chief", "index": 0}}, "cluster.chief has 0 addresses"),
    ],
)
def test_a_tf_config_that_cannot_be_is_told_with_its_key_and_the_remedy(config, says):
    environment = {"TF_CONFIG": json.dumps(config)}
    for ask in (devices.workers, devices.worker_number, lambda given: devices.choose(AUTO, given)):
        with pytest.raises(TrainingError) as told:
            ask(environment)
        assert says in str(told.value)
        assert "mend or unset it, or set training.devices" in str(told.value)


def test_a_tf_config_may_tell_more_than_is_asked():
    config = {"cluster": {**TWO, "ps": ["c:1"]}, "task": {"type": "worker", "index": "1"}, "environment": "cloud"}
    assert devices.worker_number({"TF_CONFIG": json.dumps(config)}) == 1
    assert devices.worker_number({"TF_CONFIG": json.dumps({"task": {"type": "worker", "index": 1}})}) == 0


@pytest.mark.parametrize("kind", ["one", "mirrored"])
def test_who_trains_alone_is_the_chief_whatever_tf_config_says(kind, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", cluster(1, worker=["a:1", "b:1"])["TF_CONFIG"])
    strategy = devices.make_strategy(kind)
    assert devices.is_chief(strategy)
    assert devices.share_of(strategy) == Share(0, 1, 1)
    assert devices.is_chief_of(kind)
    assert not devices.is_chief_of("multi_worker")
    devices.check_agreement(strategy, "f" * 64, 3)  # with nobody


_AGREE = """
import json, sys
import components
from components.errors import TrainingError
from components.trainer import devices
strategy = devices.make_strategy("multi_worker")
assert devices.kind_of(strategy) == "CPU"
told = [devices.is_chief(strategy), vars(devices.share_of(strategy)), vars(devices.share_of(strategy, everything=True))]
for fingerprint, step in json.loads(sys.argv[1]):
    try:
        devices.check_agreement(strategy, fingerprint, step)
        told.append(None)
    except TrainingError as error:
        told.append(str(error))
print(json.dumps(told))
"""


def test_workers_that_do_not_agree_are_told_all_of_them():
    addresses = []
    for _ in range(2):
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            addresses.append(f"127.0.0.1:{server.getsockname()[1]}")
    asked = [[("f" * 64, 2), ("f" * 64, 2 * (1 - number)), (f"{number}" * 64, 2)] for number in (0, 1)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _AGREE, json.dumps(each)],
            env=os.environ | cluster(number, worker=addresses),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number, each in enumerate(asked)
    ]
    ended = [(*process.communicate(timeout=240), process.returncode) for process in processes]
    assert [code for *_, code in ended] == [0, 0], ended
    for number, (out, *_) in enumerate(ended):
        chief, share, everything, equal, steps, fingerprints = json.loads(out.splitlines()[-1])
        assert chief == (number == 0)
        assert share == {"first": number, "devices": 1, "of": 2}
        assert everything == {"first": 0, "devices": 1, "of": 1}
        assert equal is None
        assert "different steps (2, 0): training.checkpoints must be a folder that all workers share" in steps
        assert "fingerprints begin with 000000000000000, 111111111111111" in fingerprints
        assert "same JOB" in fingerprints


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
    assert devices.kind_of(strategy) == "CPU"
    assert not devices.is_default(strategy)
