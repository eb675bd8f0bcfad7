"""Where KFP's launcher puts what lies in an object store, and takes from what a step leaves for it.

The launcher copies `minio://BUCKET/KEY` to `/minio/BUCKET/KEY` before a step, and back after it, and in the same way
`s3://` and `gs://` (backend/src/v2/component/launcher_v2.go, LocalPathForURI). So a step's code sees local folders.
"""

from __future__ import annotations

import os

# The folder in which the three folders lie; `/` in a container.
MOUNT_ROOT = "BERTLINE_MOUNT_ROOT"
FOLDERS = {"minio://": "minio", "s3://": "s3", "gs://": "gcs"}


def local_path(uri: str) -> str:
    """The local path of an artifact's URI; what is no URI of an object store is returned as it is."""
    for scheme, folder in FOLDERS.items():
        if uri.startswith(scheme):
            return f"{_root()}{folder}/{uri[len(scheme) :]}"
    return uri


def remote_uri(path: str) -> str:
    """The URI of a local path that `local_path` gave; any other path is returned as it is."""
    for scheme, folder in FOLDERS.items():
        mount = f"{_root()}{folder}/"
        if path.startswith(mount):
            return scheme + path[len(mount) :]
    return path


def _root() -> str:
    return os.environ.get(MOUNT_ROOT, "/").rstrip("/") + "/"
