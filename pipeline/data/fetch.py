"""`bertline data fetch`: the data of a task, from where it is published."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as ProgressBar

from components.errors import ConfigError
from components.fetch.addresses import shown
from components.fetch.catalogue import ORIGINS, Item, KaggleFile, LocalFile, items
from components.fetch.retrieve import Retrieved, retrieve
from components.progress import Progress, listening
from pipeline.config import Config
from pipeline.quiet import QuietConsole

_FOLDER = Path("data")


def fetch(config: Config, origin: str | None, folder: Path | None) -> None:
    """Fetches what the task's `data.source` reads, and prints what is there now and the next command.

    Args:
        config: the task.
        origin: a name of the catalogue, a URL or a path; None for where the source is published.
        folder: where the files go; None for data/NAME of the source.

    Raises:
        ConfigError: the origin is none that the source knows, or the folder is in nobody's home.
        DataError: a file cannot be had, is not the official one, or cannot be written.
    """
    console = QuietConsole(markup=False, highlight=False, soft_wrap=True)
    source = config.data.source
    if source not in ORIGINS:
        console.print(_nothing_to_fetch(source))
        return
    to = _FOLDER / source if folder is None else _expanded(folder)
    for item in items(source, origin):
        console.print(f"fetching {_name(item)} from {_origin(item)}")
        with _progress(console, item):
            retrieved = retrieve(item, to, console.print)
        console.print(_done(retrieved))
    console.print(f"next: bertline data check, for the same task{_override(config, to)}")


def _expanded(folder: Path) -> Path:
    try:
        return folder.expanduser()
    except RuntimeError as error:
        raise ConfigError(f"--to {folder}: there is no such home; give another folder") from error


def _nothing_to_fetch(source: str) -> str:
    where = "came with the installation" if source == "embedded" else "are your own: data.path names them"
    return f"nothing to fetch: the files of data.source {source} {where}"


def _name(item: Item) -> str:
    return item.names[0] if isinstance(item, KaggleFile) else item.name


def _origin(item: Item) -> str:
    if isinstance(item, KaggleFile):
        return item.page
    return str(item.path) if isinstance(item, LocalFile) else shown(item.url)


def _done(retrieved: Retrieved) -> str:
    size = f"{retrieved.path.stat().st_size:,} bytes"
    if retrieved.fetched:
        unknown = "; its checksum is not known, so none was compared" if retrieved.unverified else ""
        return f"{retrieved.path} fetched ({size}){unknown}"
    return f"{retrieved.path} is there already ({size}): nothing was downloaded; delete it to fetch it again"


def _override(config: Config, folder: Path) -> str:
    path = config.data.path
    same = path is not None and _is_same(Path(path), folder)
    return "" if same else f" with --set data.path={shlex.quote(str(folder))}"


def _is_same(path: Path, folder: Path) -> bool:
    with contextlib.suppress(RuntimeError):  # ~NAME of nobody is no folder
        return path.expanduser().absolute() == folder.absolute()
    return False


@contextmanager
def _progress(console: Console, item: Item) -> Iterator[None]:
    """A bar on a terminal for as long as the block takes; kagglehub draws its own."""
    if not console.is_terminal or isinstance(item, KaggleFile):
        yield
        return
    columns = (BarColumn(bar_width=30), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(compact=True))
    with ProgressBar(
        TextColumn("  {task.description}"), *columns, console=console, transient=True, redirect_stdout=False
    ) as bar:
        task = bar.add_task(_name(item), total=None, visible=False)

        def show(progress: Progress) -> None:
            bar.update(task, completed=progress.done, total=progress.total, visible=True)

        with listening(show):
            yield
