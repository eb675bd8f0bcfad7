"""Brings one item of the catalogue into a folder, unless it is there."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from components.errors import DataError
from components.fetch.catalogue import Item, KaggleFile, LocalFile, WebFile
from components.fetch.download import download
from components.fetch.files import copy, difference, is_intact, locked


class Retrieved(NamedTuple):
    """A file that is there now, and whether it was fetched just now."""

    path: Path
    fetched: bool


def retrieve(item: Item, folder: Path) -> Retrieved:
    """Downloads or copies the item into the folder, unless it is there and intact.

    Two processes wait for each other. An official file that is damaged is replaced; of others nothing is known, and one
    that is there stays.

    Raises:
        DataError: it cannot be had, is not the official file, or cannot be written.
    """
    if isinstance(item, KaggleFile):
        return _from_kaggle(item, folder)
    target = folder / item.name
    bring: Callable[[], None] = functools.partial(_bring, item, target)
    with locked(target):
        if is_intact(target, item.official):
            return Retrieved(target, False)
        bring()
    return Retrieved(target, True)


def _bring(item: WebFile | LocalFile, target: Path) -> None:
    if isinstance(item, WebFile):
        download(item, target)
        return
    problem = difference(item.path, item.official)
    if problem is not None:
        raise DataError(f"{item.path} {problem}: it is not the file that was published; give another with --from")
    copy(item.path, target)


def _from_kaggle(item: KaggleFile, folder: Path) -> Retrieved:
    from components.fetch.kaggle import fetch_from_kaggle

    with locked(folder / item.names[0]):
        there = next((folder / name for name in item.names if (folder / name).is_file()), None)
        if there is not None:
            return Retrieved(there, False)
        return Retrieved(fetch_from_kaggle(item, folder), True)
