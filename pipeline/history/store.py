"""The stores of runs below a folder, opened with an error that says what is wrong with them."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from components.errors import ConfigError
from pipeline.home import REPORTS, STORE_FILE
from pipeline.run_record import PRUNED_FILE, RECORD_FILE
from pipeline.run_store import Stored, existing, read_all

_PATIENCE = 5.0  # seconds; a run writes for milliseconds, and ML Metadata itself would wait for most of a minute
_TABLES = "SELECT count(*) FROM sqlite_master WHERE name = 'Context'"


def homes(root: Path, task: str | None = None) -> list[Path]:
    """The folders that keep runs, by name: of one task, or of all below the root.

    Raises:
        ConfigError: there is no such folder, or it cannot be read, or no run of the task was ever begun in it.
    """
    if not root.is_dir():
        raise ConfigError(f"--root {root}: there is no such folder (seen from {Path.cwd()}); give that of the runs")
    try:
        found = sorted(entry for entry in root.absolute().iterdir() if _keeps_runs(entry))
    except OSError as error:
        raise ConfigError(f"--root {root} cannot be read ({error.strerror}: {error.filename})") from error
    if task is None:
        return found
    known = ", ".join(home.name for home in found) or "none"
    chosen = [home for home in found if home.name == task]
    if not chosen:
        raise ConfigError(f"there is no run of {task} below {root}; there are runs of: {known}")
    return chosen


def _keeps_runs(home: Path) -> bool:
    """Whether runs were begun there: those of `compile --run-local` make no store."""
    return (home / STORE_FILE).is_file() or any(
        file for name in (RECORD_FILE, PRUNED_FILE) for file in (home / REPORTS).glob(f"*/{name}")
    )


def read_home(home: Path) -> Stored:
    """Everything in the store of a task's runs; nothing where there is none, or it was killed before it was made.

    Raises:
        ConfigError: the store is locked, or is no store, or cannot be read.
    """
    path = home / STORE_FILE
    if not path.is_file() or not _has_tables(path):
        return Stored([], {})
    try:
        return read_all(existing(path))
    except Exception as error:
        raise ConfigError(_unreadable(path, error)) from error


def _has_tables(path: Path) -> bool:
    """Whether anything was ever recorded. Raises ConfigError as `read_home` does."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=_PATIENCE)) as store:
            return bool(store.execute(_TABLES).fetchone()[0])
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise ConfigError(_unreadable(path, error)) from error
        raise ConfigError(
            f"{path} is locked by another process, which has been writing for more than {_PATIENCE:.0f} seconds; "
            "wait for it, or end it"
        ) from error
    except sqlite3.DatabaseError as error:
        raise ConfigError(_unreadable(path, error)) from error


def _unreadable(path: Path, error: Exception) -> str:
    told = next(iter(str(error).splitlines()), "") or type(error).__name__
    return (
        f"{path} cannot be read as a store of runs ({told}); bring it back from a copy, or set it aside, and the next "
        "run begins a new one"
    )
