"""Where a training computes: tf.distribute's strategies, chosen by the configuration or by what there is.

A step means the same everywhere: the batch of `training.batch_size` examples is divided among the devices, its loss is
the mean over all of it, and gradients are added up before they are clipped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from components.errors import TrainingError
from components.trainer.batches import Share

ONE, MIRRORED, MULTI_WORKER, TPU = "one", "mirrored", "multi_worker", "tpu"
_DEFAULT = type(tf.distribute.get_strategy())
# Where Cloud TPU machines tell that they are some.
_TPU_ENVIRONMENT = ("TPU_NAME", "TPU_WORKER_ID", "TPU_ACCELERATOR_TYPE")


def choose(training: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> str:
    """The kind of strategy for the section `training`: `auto` goes by TF_CONFIG, TPUs and the number of GPUs."""
    if training["devices"] != "auto":
        return training["devices"]
    if len(workers(environment)) > 1:
        return MULTI_WORKER
    if training["tpu"] is not None or any(name in environment for name in _TPU_ENVIRONMENT):
        return TPU
    return MIRRORED if len(tf.config.list_physical_devices("GPU")) > 1 else ONE


def make_strategy(kind: str, tpu: str | None = None) -> tf.distribute.Strategy:
    """The strategy of that kind. MULTI_WORKER takes a process that has computed nothing yet.

    Raises:
        TrainingError: the devices are not there.
    """
    try:
        return _make(kind, tpu)
    except (RuntimeError, ValueError, OSError, tf.errors.OpError) as error:
        raise TrainingError(
            f"training.devices {kind} cannot be set up here ({_first_line(error)}); mend TF_CONFIG or training.tpu, or "
            "set training.devices to one"
        ) from error


def share_of(strategy: tf.distribute.Strategy, everything: bool = False) -> Share:
    """Which part of every batch is computed by this process; `everything`: as if there were no other worker."""
    if is_default(strategy):
        return Share()
    here, all_devices = len(strategy.extended.worker_devices), strategy.num_replicas_in_sync
    if everything or here == all_devices:
        return Share(0, here, here)
    return Share(worker_number() * here, here, all_devices)


def workers(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Addresses of the workers that TF_CONFIG names, the chief's first; none without it.

    Raises:
        TrainingError: it is no JSON of that form.
    """
    cluster = _tf_config(environment).get("cluster", {})
    return [*cluster.get("chief", []), *cluster.get("worker", [])]


def worker_number(environment: Mapping[str, str] = os.environ) -> int:
    """This process's place in `workers`; 0 is the chief, who writes what all need once, and is all there is without
    TF_CONFIG.
    """
    config = _tf_config(environment)
    task = config.get("task", {"type": "worker", "index": 0})
    chiefs = len(config.get("cluster", {}).get("chief", []))
    return int(task["index"]) + (chiefs if task["type"] == "worker" else 0)


def is_default(strategy: tf.distribute.Strategy) -> bool:
    """Whether it is TensorFlow's own, of one device, which distributes nothing."""
    return isinstance(strategy, _DEFAULT)


def needs_static_shapes(strategy: tf.distribute.Strategy) -> bool:
    """Whether every batch must have one shape, since a program is compiled for it."""
    return isinstance(strategy, tf.distribute.TPUStrategy)


def describe(strategy: tf.distribute.Strategy) -> str:
    """The strategy in words, as `MirroredStrategy on 2 devices`."""
    devices = strategy.num_replicas_in_sync
    if is_default(strategy):
        return "one device"
    return f"{type(strategy).__name__.removesuffix('V1')} on {devices} device{'s' * (devices > 1)}"


def _make(kind: str, tpu: str | None) -> tf.distribute.Strategy:
    if kind == ONE:
        return tf.distribute.get_strategy()
    if kind == MIRRORED:
        kinds = ("GPU", "CPU")
        found = [[each.name for each in tf.config.list_logical_devices(of)] for of in kinds]
        return tf.distribute.MirroredStrategy(next(names for names in found if names))
    if kind == MULTI_WORKER:
        if len(workers()) < 2:
            raise ValueError("TF_CONFIG names no cluster of two workers or more")
        return tf.distribute.MultiWorkerMirroredStrategy()
    resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu or "")
    tf.config.experimental_connect_to_cluster(resolver)
    tf.tpu.experimental.initialize_tpu_system(resolver)
    return tf.distribute.TPUStrategy(resolver)


def _tf_config(environment: Mapping[str, str]) -> dict[str, Any]:
    try:
        config = json.loads(environment.get("TF_CONFIG") or "{}")
        return config if isinstance(config, dict) else json.loads("")
    except ValueError as error:
        raise TrainingError(f"the environment's TF_CONFIG is no JSON object ({error}); mend or unset it") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
