"""The object store: a folder in which minio://BUCKET/KEY lies at minio/BUCKET/KEY, with the ways of a store of objects.

It holds objects and no folders (an empty folder vanishes), and lists by the beginning of a key.
Source: v2/objectstore/object_store.go; the paths are launcher_v2.go's, LocalPathForURI.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from components.durable import sync
from pipeline.kubeflow.container.mounts import FOLDERS

_PARTIAL = ".partial-upload~"


def local_path(uri: str, mount_root: Path) -> Path:
    """Where the launcher puts what has this URI. Raises ValueError where the URI is of no known kind."""
    scheme, separator, key = uri.partition("://")
    folder = FOLDERS.get(f"{scheme}{separator}")
    if folder is None:
        raise ValueError(f"failed to generate local path for URI {uri}: unsupported storage scheme")
    return mount_root / folder / key


class ObjectStore:
    """Objects below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, uri: str) -> Path:
        """Where the object, or what begins with this URI and a slash, lies. Raises ValueError for an unknown kind."""
        return local_path(uri, self._root)

    def upload(self, source: Path, uri: str) -> None:
        """Stores a file, or every file below a folder (UploadBlob). Each appears whole or not at all.

        Raises:
            FileNotFoundError: there is nothing at `source`.
            OSError: something cannot be read or written; a link to a folder below `source` is such.
        """
        if not source.exists():
            raise FileNotFoundError(source)
        if not source.is_dir():
            _store(source, self.path(uri))
            return
        for entry in sorted(source.iterdir()):
            if entry.is_dir() and not entry.is_symlink():
                self.upload(entry, f"{uri}/{entry.name}")
            else:
                _store(entry, self.path(f"{uri}/{entry.name}"))

    def download(self, uri: str, mount_root: Path) -> None:
        """Puts every object whose key begins with that of the URI where the launcher would (DownloadBlob): there may
        be none, and what only begins alike (`model_run` beside `model`) comes, too.
        """
        beginning, target = self.path(uri), local_path(uri, mount_root)
        for file in self._beginning_with(beginning):
            relative = os.path.relpath(file, beginning)
            destination = Path(os.path.normpath(target / relative))
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, destination)

    @staticmethod
    def _beginning_with(beginning: Path) -> Iterator[Path]:
        if not beginning.parent.is_dir():
            return
        for entry in sorted(beginning.parent.iterdir()):
            if entry.name.startswith(beginning.name):
                found = sorted(entry.rglob("*")) if entry.is_dir() else [entry]
                yield from (file for file in found if file.is_file() and not file.name.endswith(_PARTIAL))


def _store(source: Path, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    partial = destination.with_name(f"{destination.name}{_PARTIAL}")
    shutil.copyfile(source, partial)
    sync(partial)
    partial.replace(destination)
    sync(destination.parent)
