"""Fingerprints of what lies outside a step's inputs, so that a cached result is used only where nothing changed.

A fingerprint is the SHA-256 of names and contents, in hexadecimal; times and absolute paths never enter it, so that
two machines agree.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_CHUNK_BYTES = 1 << 20


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's bytes. Raises OSError where it cannot be read."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def files_digest(named_files: Iterable[tuple[str, Path]]) -> str:
    """SHA-256 over (name, content) of the files, whatever the order they come in."""
    digest = hashlib.sha256()
    for name, path in sorted(named_files):
        digest.update(f"{name}\0{file_digest(path)}\n".encode())
    return digest.hexdigest()


def folder_digest(folder: str | Path, exclude: Iterable[str] = ()) -> str:
    """SHA-256 over every file below a folder, named relative to it, but for the relative POSIX paths in `exclude`."""
    root, excluded = Path(folder), frozenset(exclude)
    files = ((path.relative_to(root).as_posix(), path) for path in root.rglob("*") if path.is_file())
    return files_digest((name, path) for name, path in files if name not in excluded)


def code_digest(*modules: str) -> str:
    """SHA-256 over the source of the named modules and packages, sub-packages included. None of them is imported."""
    return files_digest(file for module in modules for file in _source_files(module))


def json_digest(value: Any) -> str:
    """SHA-256 of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _source_files(module: str) -> list[tuple[str, Path]]:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no source of {module}")
    origin = Path(spec.origin)
    if not spec.submodule_search_locations:
        return [(module, origin)]
    return [(f"{module}/{path.relative_to(origin.parent).as_posix()}", path) for path in origin.parent.rglob("*.py")]
