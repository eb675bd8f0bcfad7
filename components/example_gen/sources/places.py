"""Where the files of a named source are: `data.path` is one of them, or a folder that holds them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from components.errors import ConfigError, DataError
from components.example_gen import storage
from components.example_gen.settings import DataSettings

FETCH = "fetch it with `bertline data fetch`"
_COMPRESSED = ("", ".zip", ".gz", ".xz", ".bz2")


def required_path(data: DataSettings) -> str:
    """`data.path` with the home folder filled in. Raises ConfigError without it, DataError as `home_filled`."""
    if not data.path:
        raise ConfigError(f"data.path is missing: data.source {data.source} needs it")
    return storage.home_filled(data.path)


def join(folder: str, name: str) -> str:
    """The path of a name in a folder, also of a URL."""
    return f"{folder.rstrip('/')}/{name}" if storage.is_url(folder) else str(Path(folder) / name)


def find_in(folder: str, names: Iterable[str]) -> str | None:
    """The first of the names that is a file in the folder, plain or compressed."""
    candidates = (join(folder, name + suffix) for name in names for suffix in _COMPRESSED)
    return next((path for path in candidates if storage.is_file(path)), None)


def nowhere(data: DataSettings, expected: str) -> DataError:
    """The error for a path at which the source's files are not."""
    return DataError(
        f"data.path {data.path!r}{storage.seen_from(data.path or '')} is neither {expected} nor a folder that holds "
        f"it, as data.source {data.source} needs; correct it, or {FETCH}"
    )
