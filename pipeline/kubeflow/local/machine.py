"""What a step finds on the machine that it runs on: volumes, and environment variables from secrets."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pipeline.kubeflow.document import Compiled
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.rules.kubernetes import claim_name, executor_config


def claims(config: Any) -> list[str]:
    """The claims that a step mounts (v2/driver/container.go hands them to the cache's key)."""
    return [claim_name(mount) for mount in config.pvc_mount]


def check_machine(compiled: Compiled, labels: Collection[str], read_only: Collection[str]) -> None:
    """Looks whether every volume and every secret of the executors is here, before the first step.

    Args:
        compiled: the pipeline.
        labels: of the executors that will run.
        read_only: paths of volumes that are only read, which the specification cannot say.

    Raises:
        KubeflowError: names the claim, its path and the remedy, or the variable.
    """
    for label in sorted(labels):
        config = executor_config(compiled.kubernetes.get(label, {}))
        for mount in config.pvc_mount:
            _check_volume(f"claim {claim_name(mount)}", Path(mount.mount_path), mount.mount_path not in read_only)
        for mount in config.empty_dir_mounts:
            _check_volume(f"the empty folder {mount.volume_name}", Path(mount.mount_path), True)
        secrets(config, os.environ)


def secrets(config: Any, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that a step gets from secrets, from this process's own. Raises KubeflowError where one is unset."""
    found = {}
    for secret in config.secret_as_env:
        for pair in secret.key_to_env:
            if pair.env_var in environment:
                found[pair.env_var] = environment[pair.env_var]
            elif not getattr(secret, "optional", False):  # a field of newer releases of kfp-kubernetes
                raise KubeflowError(
                    f"{pair.env_var} is not set, which a cluster takes from the key {pair.secret_key} of the secret "
                    f"{secret.secret_name}; set it in this process's environment"
                )
    return found


def _check_volume(what: str, path: Path, written: bool) -> None:
    remedy = "make the folder, run inside the image, or override kubeflow.volumes.NAME.path"
    if not path.is_dir():
        raise KubeflowError(f"{what} is mounted at {path} on a cluster, and there is no such folder here; {remedy}")
    if not os.access(path, os.R_OK | os.X_OK | (os.W_OK if written else 0)):
        how = "written" if written else "read"
        raise KubeflowError(f"{what} is mounted at {path}, which cannot be {how} here; {remedy}")
