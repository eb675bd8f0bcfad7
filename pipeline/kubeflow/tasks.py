"""What the cluster does with a task beside running its command: caching, retries, resources, environment."""

from __future__ import annotations

from typing import Any

from pipeline.kubeflow.settings import NEVER_CACHED, VERDICT, Kubeflow, Retries, Step, quantity_bytes

# These fail by verdict, which stays the same however often it is asked for.
NEVER_RETRIED = frozenset({"DataGate", VERDICT})

_BYTES_PER_GB = 10**9


def equip(spec: dict[str, Any], cluster: Kubeflow) -> None:
    """Writes caching, retries, resources and environment into every task and executor of the spec."""
    for name, task in spec["root"]["dag"]["tasks"].items():
        step = cluster.step(name)
        task["cachingOptions"] = caching(name, step)
        if name not in NEVER_RETRIED and step.retries is not None and step.retries.count:
            task["retryPolicy"] = retry_policy(step.retries)
        container = spec["deploymentSpec"]["executors"][f"{name}_executor"]["container"]
        asked = resources(step)
        if asked:
            container["resources"] = asked
        if cluster.env:
            container["env"] = [{"name": key, "value": value} for key, value in sorted(cluster.env.items())]


def caching(name: str, step: Step) -> dict[str, Any]:
    """KFP's cachingOptions: empty, which is off, for what must be done anew."""
    return {"enableCache": True} if name not in NEVER_CACHED and step.cache is not False else {}


def retry_policy(retries: Retries) -> dict[str, Any]:
    """KFP's retryPolicy, which Argo carries out: so many more attempts, each after a longer wait."""
    return {
        "maxRetryCount": retries.count,
        "backoffDuration": f"{retries.backoff_seconds}s",
        "backoffFactor": retries.factor,
        "backoffMaxDuration": f"{retries.within_seconds}s",
    }


def resources(step: Step) -> dict[str, Any]:
    """KFP's ResourceSpec: requests equal limits, memory in GB, in the fields that every backend of version 2 reads."""
    asked: dict[str, Any] = {}
    if step.cpu is not None:
        asked |= {"cpuRequest": step.cpu, "cpuLimit": step.cpu}
    if step.memory is not None:
        gigabytes = quantity_bytes(step.memory) / _BYTES_PER_GB
        asked |= {"memoryRequest": gigabytes, "memoryLimit": gigabytes}
    if step.accelerator is not None:
        asked["accelerator"] = {"type": step.accelerator.type, "count": str(step.accelerator.count)}
    return asked
