"""Whether a file is what was published, and what was fetched once.

Of many files nobody publishes a checksum. What was fetched is noted beside each file, so that it is known later on
whether that is still what is there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import zipfile
from pathlib import Path

from components.fetch.catalogue import Official

_CHUNK = 1 << 20


def difference(path: Path, official: Official, name: str) -> str | None:
    """In what the bytes at `path` are not the file `name` that was published, in words; None where nothing tells."""
    size = path.stat().st_size
    if official.size is not None and size != official.size:
        return f"has {size:,} bytes and not {official.size:,}"
    for algorithm, expected in (("sha256", official.sha256), ("md5", official.md5)):
        if expected is not None:
            found = _checksum(path, algorithm)
            return None if found == expected else f"has the {algorithm} {found} and not {expected}"
    return "is no zip file" if name.endswith(".zip") and not _is_zip(path) else None


def noted(target: Path) -> Official:
    """Size and MD5 of the file when it was fetched; unknown where it was not, or the note is broken."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        note = json.loads(_note_of(target).read_text(encoding="utf-8"))
        return Official(size=int(note["size"]), md5=str(note["md5"]))
    return Official()


def note(target: Path) -> None:
    """Notes size and MD5 of a file that was just fetched."""
    known = {"size": target.stat().st_size, "md5": _checksum(target, "md5")}
    _note_of(target).write_text(json.dumps(known), encoding="utf-8")


def forget(target: Path) -> None:
    """Removes the note of a file that is about to be replaced."""
    _note_of(target).unlink(missing_ok=True)


def _note_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.fetched.json")


def _checksum(path: Path, algorithm: str) -> str:
    total = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            total.update(chunk)
    return total.hexdigest()


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:  # given a path, is_zipfile takes one without rights for no zip
        return zipfile.is_zipfile(file)
