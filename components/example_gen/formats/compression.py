"""Files as their format has them, however they are compressed: the last suffix of the name tells how."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from components.example_gen import storage

# What reading a file raises that is truncated, damaged, or not compressed as its name says.
DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)

ZIP = ".zip"
_OPENERS: dict[str, Callable[[BinaryIO], object]] = {
    ".gz": gzip.open,
    ".tgz": gzip.open,
    ".xz": lzma.open,
    ".bz2": bz2.open,
}
_SHOWN_MEMBERS = 5
# What zipfile raises beside BadZipFile: of a method or version that it does not know or was built without, names that
# cannot be decoded (UnicodeDecodeError is a ValueError) or are missing, and sizes that cannot be.
_ODD_ZIP = (NotImplementedError, RuntimeError, ValueError, OverflowError, IndexError, struct.error)
_ENCRYPTED = 0x1  # bit of a member's flags (PKWARE's APPNOTE, section 4.4.4)


def inner_name(path: str) -> str:
    """The file's name without its folder and the suffix of its compression: train.csv of data/train.csv.gz."""
    name = PurePosixPath(path).name
    suffix = PurePosixPath(name).suffix.lower()
    return name[: -len(suffix)] if suffix in (*_OPENERS, ZIP) else name


@contextlib.contextmanager
def open_bytes(path: str, member: str | None = None) -> Iterator[BinaryIO]:
    """The decompressed bytes of a file.

    Args:
        path: the file, also a URL; `.gz`, `.xz`, `.bz2` and `.zip` are decompressed.
        member: the file wanted of a .zip that holds several.

    Raises:
        EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile: here or while reading (`DAMAGE`).
        DataError: the file's storage cannot be reached.
    """
    suffix = PurePosixPath(path).suffix.lower()
    with contextlib.ExitStack() as stack:
        stored = stack.enter_context(storage.open_binary(path))
        if suffix == ZIP:
            stored = _open_member(stack, stored, member)
        elif suffix in _OPENERS:
            stored = stack.enter_context(cast(BinaryIO, _OPENERS[suffix](stored)))
        yield stored


def _open_member(stack: contextlib.ExitStack, stored: BinaryIO, member: str | None) -> BinaryIO:
    """The one file of an archive, or the one wanted."""
    try:
        archive = stack.enter_context(zipfile.ZipFile(stored))
        chosen = _choose(archive, member)
        if chosen.flag_bits & _ENCRYPTED:
            raise OSError(f"{chosen.filename} in it is encrypted")
        return cast(BinaryIO, stack.enter_context(archive.open(chosen)))
    except _ODD_ZIP as error:
        raise OSError(str(error)) from error


def _choose(archive: zipfile.ZipFile, member: str | None) -> zipfile.ZipInfo:
    # macOS puts a shadow of every file into a folder of its own.
    files = [info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")]
    wanted = [info for info in files if PurePosixPath(info.filename).name == member]
    chosen = wanted or files
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(info.filename for info in files[:_SHOWN_MEMBERS])
    raise OSError(f"it holds {len(files)} files{': ' if names else ''}{names}, where one was expected")
