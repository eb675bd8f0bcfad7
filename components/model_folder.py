"""A folder of models in TensorFlow Serving's layout: a SavedModel in a numbered sub-folder for each version.

Nothing here imports TensorFlow, so that the command line can ask what is served before any work.
"""

from __future__ import annotations

import re
from pathlib import Path

from components.errors import PushError
from components.fingerprint import folder_digest, json_digest

NOTHING_SERVED = "none"

# What Pusher adds to the SavedModel that it publishes, and what therefore makes no other model of it.
MODEL_CARD = "assets.extra/model_card.md"
ADDED_BY_PUSHER = (MODEL_CARD,)

# TensorFlow Serving parses a sub-folder's name as a 64-bit integer, and passes over what is none.
LARGEST_VERSION = 2**63 - 1

_SHARD = re.compile(r"variables\.data-(\d{5})-of-(\d{5})")


def local_folder(base: str | Path) -> Path:
    """The push folder as a local path.

    Raises:
        PushError: it is a URL. A version must appear at once and whole, which takes a file system's rename.
    """
    if "://" in str(base):
        raise PushError(
            f"push.folder: {base} is a URL, and models are published to local or mounted folders only; "
            "name such a folder, and copy its versions from there"
        )
    return Path(base)


def versions(base: str | Path) -> list[int]:
    """The versions that TensorFlow Serving sees in the folder, ascending; none where there is no such folder."""
    return sorted(_version_folders(local_folder(base)))


def latest(base: str | Path) -> int | None:
    """The highest version, complete or not, or None where there is none."""
    return max(versions(base), default=None)


def latest_complete(base: str | Path) -> int | None:
    """The highest version with every file that serving it takes, or None where there is none."""
    folders = _version_folders(local_folder(base))
    return next((version for version in sorted(folders, reverse=True) if is_complete(folders[version])), None)


def version_folder(base: str | Path, version: int) -> Path:
    """The version's folder. Raises KeyError where there is no such version."""
    return _version_folders(local_folder(base))[version]


def is_complete(folder: str | Path) -> bool:
    """Whether the folder holds a SavedModel with its graph, the index of its variables, and all of their shards."""
    root = Path(folder)
    variables = root / "variables"
    graph_and_index = (root / "saved_model.pb").is_file() and (variables / "variables.index").is_file()
    return graph_and_index and _has_all_shards(variables)


def model_digest(folder: str | Path) -> str:
    """SHA-256 over the SavedModel's files, without those that Pusher adds: equal digests are the same model.

    Raises FileNotFoundError where there is no SavedModel: else any two folders that do not exist would be equal.
    """
    if not (Path(folder) / "saved_model.pb").is_file():
        raise FileNotFoundError(f"no SavedModel in {folder}")
    return folder_digest(folder, exclude=ADDED_BY_PUSHER)


def state_digest(base: str | Path) -> str:
    """Fingerprint of what the folder serves: its versions, and the model of the highest complete one.

    `NOTHING_SERVED` where there is no version at all.
    """
    present = versions(base)
    if not present:
        return NOTHING_SERVED
    served = latest_complete(base)
    digest = "" if served is None else model_digest(version_folder(base, served))
    return json_digest({"versions": present, "served": served, "digest": digest})


def _version_folders(base: Path) -> dict[int, Path]:
    if not base.is_dir():
        return {}
    numbered = {int(child.name): child for child in base.iterdir() if _is_version_name(child.name) and child.is_dir()}
    return {version: folder for version, folder in numbered.items() if version <= LARGEST_VERSION}


def _is_version_name(name: str) -> bool:
    return name.isascii() and name.isdigit()


def _has_all_shards(variables: Path) -> bool:
    shards = [match for file in variables.iterdir() if (match := _SHARD.fullmatch(file.name))]
    indices = {int(shard[1]) for shard in shards}
    return bool(shards) and indices == set(range(int(shards[0][2])))
