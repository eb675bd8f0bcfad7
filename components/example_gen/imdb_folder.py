"""Reads the Large Movie Review Dataset (Maas et al. 2011) as it is unpacked: aclImdb/{train,test}/{neg,pos}/*.txt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from components.errors import DataError
from components.example_gen.rows import UNREADABLE, BadRow, Row, bad_row

LABELS = ("neg", "pos")
_FOLDERS = tuple(f"{split}/{label}" for split in ("train", "test") for label in LABELS)
_UNPACKED = "aclImdb"


def list_files(root: Path) -> list[Path]:
    """All labelled reviews below the folder, in a fixed order; `unsup`, which has no labels, is passed over.

    Raises:
        DataError: the folder is missing, or is no aclImdb tree.
    """
    if not root.is_dir():
        raise DataError(f"data.path {str(root)!r} is no folder (seen from {Path.cwd()}); {_remedy(root)}")
    found = {folder: sorted(root.glob(f"{folder}/*.txt")) for folder in _FOLDERS}
    missing = [folder for folder, files in found.items() if not files]
    if missing:
        raise DataError(
            f"data.path {str(root)!r} is no aclImdb folder: looked for *.txt in {', '.join(_FOLDERS)} and found none "
            f"in {', '.join(missing)}; {_remedy(root)}"
        )
    return [path for files in found.values() for path in files]


def read(path: Path, name: str) -> Iterator[Row | BadRow]:
    """The one row of a review's file: label and official split come from its folders."""
    try:
        content = path.read_bytes()
    except OSError as error:
        yield bad_row(name, 1, UNREADABLE, f"the file cannot be read: {error}", "")
        return
    text = content.decode("utf-8", errors="surrogateescape")
    yield Row(name, 1, text, label=path.parent.name, official=path.parent.parent.name)


def _remedy(root: Path) -> str:
    if (root / _UNPACKED).is_dir():
        return f"set data.path to {str(root / _UNPACKED)!r}"
    return "unpack aclImdb_v1.tar.gz and set data.path to its folder aclImdb"
