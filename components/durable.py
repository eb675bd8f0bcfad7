"""Forces what was written to the disk, so that a rename which follows never shows files whose contents got lost."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Forces a file's contents, or a folder's list of names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Forces a folder and all below it to the disk."""
    for path in (*folder.rglob("*"), folder):
        sync(path)
