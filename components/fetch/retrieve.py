"""Brings one item of the catalogue into a folder, unless it is there."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import NamedTuple

from components.errors import DataError
from components.fetch.catalogue import Item, KaggleFile, LocalFile, Official, WebFile
from components.fetch.checks import difference, noted
from components.fetch.download import download
from components.fetch.files import Say, copy, locked, reading

_LOG = logging.getLogger(__name__)


class Retrieved(NamedTuple):
    """A file that is there now, whether it was fetched just now, and whether so without any checksum to compare."""

    path: Path
    fetched: bool
    unverified: bool = False


def retrieve(item: Item, folder: Path, say: Say = _LOG.warning) -> Retrieved:
    """Downloads or copies the item into the folder, unless it is there and intact.

    Two processes wait for each other, and `say` it. An official file that is damaged is replaced. Of others it is only
    known what was fetched: such a file may as well be the user's own, so it stays, and a changed one is an error.

    Raises:
        DataError: it cannot be had, is not the official file, has changed since it was fetched, or cannot be written.
    """
    if isinstance(item, KaggleFile):
        return _from_kaggle(item, folder, say)
    target = folder / item.name
    with locked(target, say):
        if _is_intact(target, item.official):
            return Retrieved(target, False)
        return Retrieved(target, True, unverified=not _bring(item, target))


def _bring(item: WebFile | LocalFile, target: Path) -> bool:
    """Whether a checksum vouches for what was brought; a local file is vouched for by whoever gives it."""
    if isinstance(item, WebFile):
        return download(item, target).has_checksum
    with reading(item.path):
        problem = difference(item.path, item.official, item.name)
    if problem is not None:
        raise DataError(f"{item.path} {problem}: it is not the file that was published; give another with --from")
    copy(item.path, target)
    return True


def _from_kaggle(item: KaggleFile, folder: Path, say: Say) -> Retrieved:
    from components.fetch.kaggle import fetch_from_kaggle

    with locked(folder / item.names[0], say):
        there = next((folder / name for name in item.names if _is_intact(folder / name, Official())), None)
        if there is not None:
            return Retrieved(there, False)
        return Retrieved(fetch_from_kaggle(item, folder), True)  # kagglehub compares the checksums


def _is_intact(target: Path, official: Official) -> bool:
    if not target.is_file():
        return False
    with reading(target):
        if official != Official():
            return difference(target, official, target.name) is None
        problem = difference(target, noted(target), target.name)
    if problem is not None:
        raise DataError(f"{target} {problem}: it is not what was fetched; delete it to fetch it again")
    return True
