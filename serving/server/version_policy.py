"""Which versions of a model are to be served: what lies in its base path, and what its policy takes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

LARGEST_VERSION = 2**63 - 1


def present_versions(base_path: str) -> list[int]:
    """The versions in a base path, ascending: its sub-folders that are named by a number.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    folders = (child.name for child in Path(base_path).iterdir() if child.is_dir())
    numbers = (int(name) for name in folders if name.isascii() and name.isdigit())
    return sorted(number for number in numbers if number <= LARGEST_VERSION)


def aspired_versions(present: list[int], policy: Any) -> list[int]:
    """What is to be served of the versions that are present, ascending.

    Args:
        present: ascending.
        policy: a FileSystemStoragePathSourceConfig.ServableVersionPolicy: `latest` (of num_versions, 1 by default,
            and what an empty policy means), `all`, or `specific`.
    """
    choice = policy.WhichOneof("policy_choice")
    if choice == "all":
        return list(present)
    if choice == "specific":
        return [version for version in present if version in set(policy.specific.versions)]
    return present[-max(policy.latest.num_versions, 1) :]


def version_folder(base_path: str, version: int) -> str:
    """The folder of a version, whose name may have leading zeros (00012 is version 12).

    Of two names for one version the last in order is taken, as in TensorFlow Serving.
    """
    named = [child for child in Path(base_path).iterdir() if child.name.isascii() and child.name.isdigit()]
    folders = sorted(child for child in named if int(child.name) == version and child.is_dir())
    if not folders:
        raise FileNotFoundError(f"{base_path} has no folder of version {version}")
    return str(folders[-1])
