"""Writes a small file so that a reader never meets half of it."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> None:
    """Writes the file beside its place, and puts it there when it is whole; what was there stays until then.

    Of text, what is no character is escaped as JSON has it. Nothing half-made is left where it fails; it is not forced
    to the disk (see `durable`).

    Raises:
        OSError: it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_bytes(content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
