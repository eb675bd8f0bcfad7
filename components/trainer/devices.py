"""Where a training computes: tf.distribute's strategies, chosen by the configuration or by what there is.

A step means the same everywhere: the batch of `training.batch_size` examples is divided among the devices, its loss is
the mean over all of it, and gradients are added up before they are clipped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pydantic
import tensorflow as tf

from components.errors import TrainingError
from components.trainer.batches import Share

ONE, MIRRORED, MULTI_WORKER, TPU = "one", "mirrored", "multi_worker", "tpu"
_DEFAULT = type(tf.distribute.get_strategy())
# Where Cloud TPU machines tell that they are some.
_TPU_ENVIRONMENT = ("TPU_NAME", "TPU_WORKER_ID", "TPU_ACCELERATOR_TYPE")
# So many bits of a fingerprint are compared as fit into an int64.
_COMPARED_DIGITS = 15

Address = Annotated[str, pydantic.Field(pattern=r"^[^\s/]+:\d+$")]


class _Cluster(pydantic.BaseModel):
    """Addresses, `HOST:PORT`; other jobs than these (ps, evaluator) have no part in a training of ours."""

    chief: list[Address] = pydantic.Field(default=[], max_length=1)
    worker: list[Address] = []

    @property
    def addresses(self) -> list[str]:
        return [*self.chief, *self.worker]


class _Task(pydantic.BaseModel):
    type: Literal["chief", "worker"]
    index: pydantic.NonNegativeInt


class _TfConfig(pydantic.BaseModel):
    """What we read of TF_CONFIG (https://www.tensorflow.org/guide/distributed_training#TF_CONFIG)."""

    cluster: _Cluster = _Cluster()
    task: _Task | None = None

    @pydantic.model_validator(mode="after")
    def _check_task(self) -> _TfConfig:
        addresses = self.cluster.addresses
        if len(set(addresses)) < len(addresses):
            raise ValueError("cluster names an address twice")
        if addresses and self.task is None:
            raise ValueError("task is missing: which of the workers this machine is")
        if addresses and self.task is not None:
            known = len(getattr(self.cluster, self.task.type))
            if self.task.index >= known:
                raise ValueError(f"task.index is {self.task.index}, but cluster.{self.task.type} has {known} addresses")
        return self

    @property
    def number(self) -> int:
        """This process's place among the addresses."""
        if self.task is None or not self.cluster.addresses:
            return 0
        return self.task.index + (len(self.cluster.chief) if self.task.type == "worker" else 0)


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
    if everything or not _is_multi_worker(strategy):
        return Share(0, here, here)
    return Share(worker_number() * here, here, all_devices)


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process writes what all need once: all do that have no other worker beside them in `strategy`,
    whatever TF_CONFIG says.
    """
    return is_chief_of(MULTI_WORKER if _is_multi_worker(strategy) else ONE)


def is_chief_of(kind: str, environment: Mapping[str, str] = os.environ) -> bool:
    """The same before there is a strategy, by its kind."""
    return kind != MULTI_WORKER or worker_number(environment) == 0


def check_agreement(strategy: tf.distribute.Strategy, fingerprint: str, step: int) -> None:
    """Sees that all workers are about to go on with the same training at the same step; waits for all of them.

    Args:
        strategy: what is trained with; of one process alone there is nothing to see.
        fingerprint: of the training, hexadecimal.
        step: how many steps it has done.

    Raises:
        TrainingError: they differ. Every worker raises it.
    """
    if not _is_multi_worker(strategy):
        return
    gathered = _gathered(strategy, [int(fingerprint[:_COMPARED_DIGITS], 16), step])
    fingerprints, steps = ([told[place] for told in gathered] for place in (0, 1))
    if len(set(fingerprints)) > 1:
        begun = ", ".join(f"{each:0{_COMPARED_DIGITS}x}" for each in fingerprints)
        raise TrainingError(
            f"the workers' trainings differ (their fingerprints begin with {begun}): settings, encoder, data and code "
            "must be the same on all; start every worker with the same JOB, and see that its paths hold the same files "
            "everywhere"
        )
    if len(set(steps)) > 1:
        raise TrainingError(
            f"the workers would go on at different steps ({', '.join(map(str, steps))}): training.checkpoints must be "
            "a folder that all workers share; set it to one, and start all of them again"
        )


def workers(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Addresses of the workers that TF_CONFIG names, the chief's first; none without it.

    Raises:
        TrainingError: it is no JSON of that form.
    """
    return _tf_config(environment).cluster.addresses


def worker_number(environment: Mapping[str, str] = os.environ) -> int:
    """This process's place in `workers`; 0 is the chief, and is all there is without TF_CONFIG.

    It counts only where several workers train: see `is_chief`.

    Raises:
        TrainingError: TF_CONFIG is no JSON of its form.
    """
    return _tf_config(environment).number


def is_default(strategy: tf.distribute.Strategy) -> bool:
    """Whether it is TensorFlow's own, of one device, which distributes nothing."""
    return isinstance(strategy, _DEFAULT)


def kind_of(strategy: tf.distribute.Strategy) -> str:
    """What computes: `CPU`, `GPU` or `TPU`."""
    if is_default(strategy):
        return "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    return tf.DeviceSpec.from_string(strategy.extended.worker_devices[0]).device_type


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


def _is_multi_worker(strategy: tf.distribute.Strategy) -> bool:
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def _gathered(strategy: tf.distribute.Strategy, numbers: list[int]) -> list[list[int]]:
    """The numbers that each device's process has, in the order of the devices."""

    @tf.function
    def gather() -> tf.Tensor:
        context: Any = tf.distribute.get_replica_context()
        return context.all_gather(tf.constant([numbers], tf.int64), axis=0)

    return strategy.experimental_local_results(strategy.run(gather))[0].numpy().tolist()


def _tf_config(environment: Mapping[str, str]) -> _TfConfig:
    remedy = "mend or unset it, or set training.devices to what this machine trains with by itself"
    try:
        config = json.loads(environment.get("TF_CONFIG") or "{}")
    except ValueError as error:
        raise TrainingError(f"the environment's TF_CONFIG is no JSON object ({error}); {remedy}") from error
    if not isinstance(config, dict):
        raise TrainingError(f"the environment's TF_CONFIG is no JSON object, but {config!r}; {remedy}")
    try:
        return _TfConfig.model_validate(config)
    except pydantic.ValidationError as error:
        raise TrainingError(f"the environment's TF_CONFIG cannot be used: {_describe(error)}; {remedy}") from error


def _describe(error: pydantic.ValidationError) -> str:
    """The first finding: the key, what it holds, and what it should be."""
    finding = error.errors()[0]
    if not finding["loc"]:
        return finding["msg"].removeprefix("Value error, ")
    key, problem = ".".join(map(str, finding["loc"])), finding["msg"].lower()
    if key.startswith("cluster.") and finding["type"] == "string_pattern_mismatch":
        problem = "not of the form HOST:PORT"
    return f"{key} is missing" if finding["type"] == "missing" else f"{key} is {finding['input']!r}: {problem}"


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
