"""Fingerprints of what lies outside a step's inputs, so that a cached result is used only where nothing changed.

A fingerprint is the SHA-256 of names and contents, in hexadecimal; times and absolute paths never enter it, so that
two machines agree.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
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


def code_digest(module: str, distributions: Iterable[str] = ()) -> str:
    """SHA-256 over the code that a step runs: ours, and the versions of what it builds on.

    Args:
        module: where the step begins; it and all that it imports from its own top-level package count, wherever in
            a file the import stands. Read, not imported.
        distributions: installed packages whose versions count.
    """
    versions = {name: metadata.version(name) for name in distributions}
    sources = files_digest((name, path) for name, path in _closure(module).items())
    return json_digest([sources, versions, sys.version_info[:2]])


def json_digest(value: Any) -> str:
    """SHA-256 of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _closure(module: str) -> dict[str, Path]:
    """The source file of a module and of everything of its package that it imports, directly or not, by name."""
    package = module.partition(".")[0]
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = _source(name)
        waiting += [other for other in _imports(found[name]) if other.partition(".")[0] == package]
        waiting += [parent for parent in (name.rpartition(".")[0],) if parent]
    return found


def _source(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no source of {module}")
    return Path(spec.origin)


def _imports(file: Path) -> Iterator[str]:
    """The modules that a source file imports. `from package import name` counts the name where it is a module."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (name for alias in node.names if _is_module(name := f"{node.module}.{alias.name}"))


def _is_module(name: str) -> bool:
    parent = importlib.util.find_spec(name.rpartition(".")[0])
    folders = parent.submodule_search_locations if parent else None
    last = name.rpartition(".")[2]
    return any((Path(folder) / f"{last}.py").is_file() or (Path(folder) / last).is_dir() for folder in folders or ())
