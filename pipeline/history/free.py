"""Deletes what belongs to a task's runs, and nothing else: no link is followed, nothing outside the folder touched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from components.errors import ConfigError


def link_before(path: Path, home: Path) -> Path | None:
    """The first link on the way from `home` to something below it, itself among the steps; None where there is none."""
    try:
        below = path.relative_to(home)
    except ValueError:
        return None
    on_the_way = (home.joinpath(*below.parts[: length + 1]) for length in range(len(below.parts)))
    return next((step for step in on_the_way if step.is_symlink()), None)


def must_stay(path: Path, home: Path, protected: Iterable[Path]) -> bool:
    """Whether something is there that may not be freed. Behind a link that leads nowhere now (a disk that is not
    mounted, say) it may be there.
    """
    link = link_before(path, home)
    is_there = path.exists() or (link is not None and not link.exists())
    return is_there and not may_be_freed(path, home, protected)


def may_be_freed(path: Path, home: Path, protected: Iterable[Path]) -> bool:
    """Whether something below `home` is there, is reached and is itself without a link, and has nothing to do with the
    folders that are protected.
    """
    try:
        below = path.relative_to(home)
    except ValueError:
        return False
    if not below.parts or ".." in below.parts:
        return False
    if link_before(path, home) is not None or not path.exists():
        return False
    real = path.resolve()
    return not any(_overlap(real, folder.resolve()) for folder in protected)


def size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; what a link points to is not counted."""
    if not path.is_dir():
        return path.lstat().st_size
    return sum(_size(folder, name) for folder, _, names in os.walk(path) for name in names)


def free(path: Path) -> None:
    """Deletes a file or folder, be it there or half gone. Raises ConfigError where it may not be deleted."""
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ConfigError(
            f"{error.filename or path} cannot be deleted ({error.strerror}); grant the right to, and prune again, "
            "which goes on"
        ) from error


def _size(folder: str, name: str) -> int:
    try:
        return os.lstat(os.path.join(folder, name)).st_size
    except FileNotFoundError:
        return 0


def _overlap(one: Path, other: Path) -> bool:
    return one == other or one in other.parents or other in one.parents
