"""What the driver and Kubernetes check of the platform document (v2/driver/k8s.go, extendPodSpecPatch).

argocompiler/container.go reads an executor's part strictly, as kfp-kubernetes' KubernetesExecutorConfig; here the
installed release of that package says which fields there are.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from google.protobuf import json_format
from kfp.kubernetes import kubernetes_executor_config_pb2

from pipeline.kubeflow.document import COMPILE_ANEW, Compiled
from pipeline.kubeflow.places import IMAGE_FOLDER
from pipeline.kubeflow.rules.violation import Violation

# What argocompiler/container.go mounts in every step, and the names of these volumes.
_OWN_MOUNTS = ("/kfp-launcher", "/gcs", "/s3", "/minio", "/.local", "/.cache", "/.config")
_OWN_VOLUMES = frozenset({
    "kfp-launcher", "gcs-scratch", "s3-scratch", "minio-scratch", "dot-local-scratch", "dot-cache-scratch",
    "dot-config-scratch", "ca-bundle",
})  # fmt: skip
# Where the image keeps the encoder and its Python.
_IMAGE_FOLDERS = (IMAGE_FOLDER, "/opt/venv")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_PULL_POLICIES = frozenset({"", "Always", "Never", "IfNotPresent"})


def violations(compiled: Compiled) -> Iterator[Violation]:
    """Violations of what Kubernetes is told of each executor."""
    for label, document in sorted(compiled.kubernetes.items()):
        where = f"platform, executor {label}"
        if label not in compiled.deployment.executors:
            yield Violation(where, "no executor has this label, and it would be passed over", COMPILE_ANEW)
        try:
            config = executor_config(document)
        except (json_format.ParseError, TypeError, ValueError) as error:
            yield Violation(where, f"failed to unmarshal kubernetes config: {error}", COMPILE_ANEW)
            continue
        yield from _of_executor(where, config)


def executor_config(document: dict[str, Any]) -> Any:
    """An executor's part of the platform document as a KubernetesExecutorConfig. Raises json_format.ParseError."""
    return json_format.ParseDict(document, kubernetes_executor_config_pb2.KubernetesExecutorConfig())


def claim_name(mount: Any) -> str:
    """The claim of a mount where it is written down, else empty."""
    return mount.constant or mount.pvc_name_parameter.runtime_value.constant.string_value


def _of_executor(where: str, config: Any) -> Iterator[Violation]:
    if config.image_pull_policy not in _PULL_POLICIES:
        problem = (
            f"unsupported value: {config.image_pull_policy}. ImagePullPolicy should be one of 'Always', 'Never' or"
        )
        yield Violation(where, f"{problem} 'IfNotPresent'", "write one of them")
    claims = [claim_name(mount) for mount in config.pvc_mount]
    empty = [mount.volume_name for mount in config.empty_dir_mounts]
    for mount in config.pvc_mount:
        if (
            not claim_name(mount)
            and mount.WhichOneof("pvc_reference") is None
            and not mount.HasField("pvc_name_parameter")
        ):
            yield Violation(
                where, f"the volume at {mount.mount_path} names no claim", "set kubeflow.volumes.NAME.claim"
            )
    for volume in sorted({*claims, *empty} - {""}):
        yield from _of_volume(where, volume, claims.count(volume), empty.count(volume))
    paths = [mount.mount_path for mount in (*config.pvc_mount, *config.empty_dir_mounts, *config.secret_as_volume)]
    for path in sorted(set(paths)):
        yield from _of_path(where, path, Counter(paths)[path])
    for secret in config.secret_as_env:
        if not secret.secret_name and not secret.HasField("secret_name_parameter"):
            yield Violation(where, "missing either SecretName or SecretNameParameter", "name the secret")


def _of_volume(where: str, volume: str, claims: int, empty: int) -> Iterator[Violation]:
    """A claim's name is the volume's name in the pod, too (k8s.go, makeVolumeMountPatch)."""
    if _DNS_LABEL.fullmatch(volume) is None:
        yield Violation(
            where,
            f"Kubernetes cannot call a volume {volume!r}, which the driver calls after its claim",
            "use a claim of lower-case letters, digits and '-', of 63 at most (kubeflow.volumes.NAME.claim)",
        )
    remedy = "use a claim of another name (kubeflow.volumes.NAME.claim)"
    if volume in _OWN_VOLUMES:
        yield Violation(where, f"{volume} is the name of a volume of the backend's own in every pod", remedy)
    if claims and empty:
        yield Violation(where, f"{volume} is the name of the pipeline's own empty folder in the pod", remedy)
    elif claims + empty > 1:
        yield Violation(
            where, f"the volume {volume} is there twice in the pod", "mount each claim once (kubeflow.volumes)"
        )


def _of_path(where: str, path: str, count: int) -> Iterator[Violation]:
    if not path:
        yield Violation(where, "volume mount path not provided", "set kubeflow.volumes.NAME.path")
    elif not path.startswith("/") or ":" in path:
        yield Violation(where, f"{path!r} is no absolute path without ':'", "set kubeflow.volumes.NAME.path")
    elif ".." in PurePosixPath(path).parts:
        yield Violation(where, f"{path!r} has '..' in it", "write where it leads (kubeflow.volumes.NAME.path)")
    else:
        yield from _of_overlap(where, path)
    if count > 1:
        yield Violation(where, f"two volumes are mounted at {path}", "mount them at different paths")


def _of_overlap(where: str, path: str) -> Iterator[Violation]:
    remedy = "mount it elsewhere (kubeflow.volumes.NAME.path)"
    for mount in filter(functools.partial(_overlap, path), _OWN_MOUNTS):
        yield Violation(where, f"{path} is at, below or above {mount}, a folder of the backend's own", remedy)
    for folder in filter(functools.partial(_overlap, path), _IMAGE_FOLDERS):
        yield Violation(where, f"{path} is at, below or above {folder}, which is the image's own", remedy)


def _overlap(one: str, other: str) -> bool:
    # Two slashes at the beginning would be kept.
    first, second = PurePosixPath(f"/{one.lstrip('/')}"), PurePosixPath(other)
    return first.is_relative_to(second) or second.is_relative_to(first)
