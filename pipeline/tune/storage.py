"""Where trials are kept: an SQLite file, or a database that several machines share."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import fasteners
import optuna
import sqlalchemy.exc
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial
from sqlalchemy.engine import URL, make_url

from components.errors import ConfigError

# A worker that has not been heard of for so many seconds is taken for dead.
_HEARTBEAT_SECONDS, _GRACE_SECONDS = 60, 300
WhenStale = Callable[[optuna.Study, FrozenTrial], None]


@dataclasses.dataclass(frozen=True)
class Place:
    """A database. `file` is None where it is none of this machine's own."""

    url: URL
    file: Path | None

    def __str__(self) -> str:
        """What may be shown: no user, no password, no options."""
        if self.file is not None:
            return str(self.file)
        return f"{self.url.drivername}://{self.url.host or ''}/{self.url.database or ''}"


def place_of(storage: str | None, default: Path) -> Place:
    """The place that --storage gives, a file or URL. Raises ConfigError where it is none."""
    if storage is None or "://" not in storage:
        file = (default if storage is None else Path(storage).expanduser()).absolute()
        return Place(URL.create("sqlite", database=str(file)), file)
    try:
        url = make_url(storage)
    except (sqlalchemy.exc.ArgumentError, ValueError) as error:
        raise ConfigError("--storage is no URL of a database; write DIALECT://USER@HOST/NAME, or a file") from error
    if url.get_backend_name() != "sqlite":
        return Place(url, None)
    if url.database in (None, "", ":memory:"):
        raise ConfigError("--storage keeps nothing: it is SQLite in memory; give a file")
    return Place(url, Path(str(url.database)).absolute())


@contextmanager
def opened(place: Place, when_stale: WhenStale) -> Iterator[RDBStorage]:
    """The storage. A file is this process's alone for as long as the block takes.

    Args:
        place: where it is.
        when_stale: told of a trial in a shared database whose worker has died.

    Raises:
        ConfigError: it cannot be opened, is none of Optuna's, or another search has the file.
    """
    with _held(place):
        storage = _open(place, when_stale)
        try:
            yield storage
        finally:
            storage.remove_session()
            storage.engine.dispose()


@contextmanager
def _held(place: Place) -> Iterator[None]:
    if place.file is None:
        yield
        return
    lock = fasteners.InterProcessLock(f"{place.file}.lock")
    try:
        place.file.parent.mkdir(parents=True, exist_ok=True)
        free = lock.acquire(blocking=False)
    except OSError as error:
        raise ConfigError(f"--storage {place} cannot be used: {error.strerror}; give another file") from error
    if not free:
        raise ConfigError(f"another search has {place}; wait for it, or give another file with --storage")
    try:
        yield
    finally:
        lock.release()


def _open(place: Place, when_stale: WhenStale) -> RDBStorage:
    is_shared = place.file is None
    try:
        with warnings.catch_warnings():
            # Heartbeats are experimental since 2021, and a search that several machines share needs them.
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return RDBStorage(
                place.url.render_as_string(hide_password=False),
                heartbeat_interval=_HEARTBEAT_SECONDS if is_shared else None,
                grace_period=_GRACE_SECONDS if is_shared else None,
                heartbeat_stale_trial_callback=when_stale,
            )
    except ImportError as error:
        raise ConfigError(
            f"--storage {place} needs the Python package {error.name or 'of its driver'}; install it beside bertline"
        ) from error
    except (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError, RuntimeError) as error:
        raise ConfigError(f"--storage {place} cannot be used: {cause_of(error, place)}") from error


def cause_of(error: BaseException, place: Place) -> str:
    """What a database has against us, in a line, without the password of its URL."""
    root = getattr(error, "orig", None) or error
    line = next((line.strip() for line in str(root).splitlines() if line.strip()), type(root).__name__)
    password = place.url.password
    return line.replace(str(password), "***") if password else line
