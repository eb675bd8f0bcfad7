"""Paths inside a cluster: what a step reads or writes must lie on a volume that is mounted there, or behind a URL."""

from __future__ import annotations

from pathlib import PurePosixPath

from components.encoders.handles import EMBEDDED, address
from pipeline.config import Config
from pipeline.kubeflow.errors import KubeflowError
from pipeline.kubeflow.settings import Kubeflow

# Where the image keeps what was baked into it.
IMAGE_FOLDER = "/opt/bertline"


def check_places(config: Config, cluster: Kubeflow) -> None:
    """Raises KubeflowError where a path of the configuration cannot be found by the steps of a cluster."""
    if config.push.folder is None:
        raise KubeflowError(
            "push.folder is not set, and a step's own disk ends with it; set it to a folder on one of "
            f"kubeflow.volumes ({_known(cluster)}), from which TensorFlow Serving serves"
        )
    _check_volume("push.folder", config.push.folder, cluster, writable=True)
    if cluster.reports is not None:
        _check_volume("kubeflow.reports", cluster.reports, cluster, writable=True)
        _check_apart(cluster.reports, config.push.folder)
    for key, path in _data_paths(config).items():
        if path is not None and "://" not in path:
            _check_volume(key, path, cluster)
    checkpoints = config.training.checkpoints
    if checkpoints is not None and "://" not in checkpoints:
        _check_volume("training.checkpoints", checkpoints, cluster, writable=True)
    handle, vocabulary = config.encoder.handle, config.encoder.vocab_file
    if handle != EMBEDDED and address(handle) is None:
        _check_volume("encoder.handle", handle, cluster, in_image=True)
    if vocabulary is not None:
        _check_volume("encoder.vocab_file", vocabulary, cluster, in_image=True)


def _data_paths(config: Config) -> dict[str, str | None]:
    serving = config.data.serving
    return {
        "data.path": config.data.path,
        "data.test_path": config.data.test_path,
        "data.serving.path": None if serving is None else serving.path,
    }


def _check_volume(key: str, path: str, cluster: Kubeflow, writable: bool = False, in_image: bool = False) -> None:
    if in_image and _is_below(path, IMAGE_FOLDER):
        return
    mounted = {len(each.path): name for name, each in cluster.volumes.items() if _is_below(path, each.path)}
    if not mounted:
        raise KubeflowError(
            f"{key} is {path}, which lies on none of kubeflow.volumes ({_known(cluster)}), so that no step would find "
            "it; name a path there, or mount a volume at it"
        )
    name = mounted[max(mounted)]
    if writable and cluster.volumes[name].read_only:
        raise KubeflowError(
            f"{key} is {path}, on the volume {name}, of which kubeflow.volumes.{name}.read_only says that it is only "
            "read; name a folder on another"
        )


def _check_apart(reports: str, pushed: str) -> None:
    if reports == pushed or _is_below(reports, pushed) or _is_below(pushed, reports):
        raise KubeflowError(
            f"kubeflow.reports is {reports} and push.folder {pushed}, one within the other, where TensorFlow Serving "
            "looks for versions; name a folder beside it"
        )


def _is_below(path: str, folder: str) -> bool:
    place = PurePosixPath(path)
    return ".." not in place.parts and PurePosixPath(folder) in place.parents


def _known(cluster: Kubeflow) -> str:
    return ", ".join(f"{name} at {volume.path}" for name, volume in cluster.volumes.items()) or "there are none"
