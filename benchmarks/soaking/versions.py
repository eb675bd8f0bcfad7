"""Versions that come and go under a running server: good ones, bad ones, and old ones that are removed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path


class VersionFolder:
    """A push folder, with the same model in every good version.

    Args:
        base: the folder, to be made.
        model: the model's folder. It is copied once; versions are hard links to the copy.
    """

    def __init__(self, base: Path, model: Path) -> None:
        self.base = base
        self._seed = base.with_name(f"{base.name}-seed")
        shutil.copytree(model, self._seed)
        base.mkdir()
        self._next = 1
        self.good: list[int] = []
        self.bad: list[int] = []

    def swap(self) -> str:
        """Puts in a new good version by a rename, as Pusher does."""
        number = self._put_in(lambda _: None)
        self.good.append(number)
        return f"good version {number}"

    def put_in_bad(self) -> str:
        """Puts in a version that is higher than all others and cannot be loaded; each time another way."""
        name, spoil = _SPOILERS[len(self.bad) % len(_SPOILERS)]
        number = self._put_in(spoil)
        self.bad.append(number)
        return f"bad version {number}: {name}"

    def remove_old(self) -> str:
        """Removes every folder but the newest good version's."""
        kept = str(self.good[-1])
        removed = [path for path in sorted(self.base.iterdir()) if path.name != kept]
        for path in removed:
            shutil.rmtree(path)
        return f"removed {', '.join(path.name for path in removed) or 'nothing'}"

    def _put_in(self, change: Callable[[Path], None]) -> int:
        number, self._next = self._next, self._next + 1
        staged = self.base.with_name(f"{self.base.name}-staged")
        shutil.copytree(self._seed, staged, copy_function=os.link)
        change(staged)
        staged.rename(self.base / str(number))
        return number


def _replace(file: Path, content: bytes) -> None:
    """Gives the file another content; what else links to it keeps the old one."""
    file.unlink()
    file.write_bytes(content)


def _garbage(folder: Path) -> None:
    _replace(folder / "saved_model.pb", b"\xff" * 4096)


def _cut(folder: Path) -> None:
    graph = folder / "saved_model.pb"
    content = graph.read_bytes()
    _replace(graph, content[: len(content) // 2])


def _cut_variables(folder: Path) -> None:
    for file in (folder / "variables").glob("variables.data-*"):
        content = file.read_bytes()
        _replace(file, content[: len(content) // 2])


def _without_variables(folder: Path) -> None:
    shutil.rmtree(folder / "variables")


def _without_graph(folder: Path) -> None:
    (folder / "saved_model.pb").unlink()


_SPOILERS: tuple[tuple[str, Callable[[Path], None]], ...] = (
    ("garbage for a graph", _garbage),
    ("half a graph", _cut),
    ("half the variables", _cut_variables),
    ("no variables", _without_variables),
    ("no graph", _without_graph),
)
