"""`bertline encoders get`: an encoder onto this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as ProgressBar

from components.encoders.handles import shown_handle
from components.encoders.resolve import resolve_encoder
from components.progress import Progress, listening
from pipeline.encoder_verbs.described import print_encoder
from pipeline.encoder_verbs.quietly import quietly
from pipeline.quiet import QuietConsole


def get(handle: str) -> None:
    """Downloads or converts the encoder that a handle names, and prints its folder, what it is and the next command.

    Raises:
        EncoderError: it cannot be had, or is no text encoder.
    """
    with quietly() as terminal:
        from components.encoders.inspect import inspect_encoder

        with _bar(terminal, handle):
            folder = resolve_encoder(handle)
        info = inspect_encoder(folder)
    print_encoder(QuietConsole(markup=False, highlight=False, soft_wrap=True), folder, info, handle)


@contextmanager
def _bar(console: Console, handle: str) -> Iterator[None]:
    """A bar on a terminal for as long as the block takes."""
    if not console.is_terminal:
        yield
        return
    columns = (BarColumn(bar_width=30), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(compact=True))
    with ProgressBar(TextColumn("  {task.description}"), *columns, console=console, transient=True) as bar:
        task = bar.add_task(shown_handle(handle).rstrip("/").rpartition("/")[2], total=None, visible=False)

        def show(progress: Progress) -> None:
            bar.update(task, completed=progress.done, total=progress.total, visible=True)

        with listening(show):
            yield
