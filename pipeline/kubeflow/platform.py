"""The second document of a compiled pipeline: what only Kubernetes knows, as kfp-kubernetes writes it."""

from __future__ import annotations

from typing import Any

from google.protobuf import json_format
from kfp.kubernetes import kubernetes_executor_config_pb2 as kubernetes_pb2

from pipeline.kubeflow.settings import Kubeflow, Step

# The image's root is read-only; KFP's launcher and TFX write below /tmp.
_SCRATCH = ("scratch", "/tmp")  # noqa: S108  a pod's own


def platform_document(cluster: Kubeflow, names: list[str]) -> dict[str, Any]:
    """The document for steps of these names: volumes, secrets by reference, nodes, time limits."""
    executors = {f"{name}_executor": _executor(cluster, cluster.step(name)) for name in names}
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}


def _executor(cluster: Kubeflow, step: Step) -> dict[str, Any]:
    config = kubernetes_pb2.KubernetesExecutorConfig()
    for _, volume in sorted(cluster.volumes.items()):
        config.pvc_mount.add(constant=volume.claim, mount_path=volume.path)
    for variable, secret in sorted(cluster.secrets.items()):
        reference = config.secret_as_env.add(secret_name=secret.secret)
        reference.key_to_env.add(secret_key=secret.key, env_var=variable)
    for name in cluster.image_pull_secrets:
        config.image_pull_secret.add(secret_name=name)
    config.node_selector.labels.update(step.node_selector or {})
    for toleration in step.tolerations or ():
        config.tolerations.add(**toleration.model_dump())
    config.empty_dir_mounts.add(volume_name=_SCRATCH[0], mount_path=_SCRATCH[1])
    if step.timeout_seconds is not None:
        config.active_deadline_seconds = step.timeout_seconds
    return json_format.MessageToDict(config)
