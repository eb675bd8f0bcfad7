"""`bertline data show`: what a task's data looks like, on the terminal and as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from components.errors import ConfigError
from components.whole_file import write_whole
from pipeline.config import Config
from pipeline.data.ingested import Ingested, ingested
from pipeline.data.looking import looking
from pipeline.data.show_terminal import print_exploration
from pipeline.data.writable import check_writable
from pipeline.display import busy

if TYPE_CHECKING:
    from components.exploration.exploration import Exploration


def show(config: Config, html: Path | None) -> None:
    """Reads the task's data as a run would, measures the examples, and shows what they look like.

    Args:
        config: the task.
        html: the file of the page; none is written where it is left out.

    Raises:
        BertlineError: data or encoder cannot be read, or the page cannot be written.
    """
    if html is not None:
        check_writable("--html", html, "data.html")
    with looking(config, "show") as (console, folder):
        found = ingested(config, folder, console)
        exploration = _measured(config, found, console)
        print_exploration(console, exploration)
        if found.refusal is not None:
            console.print(Text(f"\nA run would stop: {found.refusal}", "bold yellow"), soft_wrap=True)
        if html is not None:
            with busy(console, "drawing the page"):
                _write_page(exploration, html)
            console.print(f"\npage {html.expanduser().absolute()}", soft_wrap=True)


def _measured(config: Config, found: Ingested, console: Console) -> Exploration:
    from components.exploration.measure import Task, measure

    task = Task(config.pipeline.name, config.labels.kind, tuple(config.labels.names), config.encoder.max_tokens)
    account = found.summary.to_dict()
    columns = (TextColumn("measuring"), BarColumn(bar_width=30), MofNCompleteColumn(), TextColumn("texts"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=sum(account["examples"].values()))
        return measure(task, found.examples, account, lambda texts: progress.advance(bar, texts))


def _write_page(exploration: Exploration, html: Path) -> None:
    """Writes the page so that a browser never meets half of it."""
    from components.exploration.page import render

    try:
        write_whole(html.expanduser().absolute(), render(exploration))
    except OSError as error:
        raise ConfigError(f"--html {html} cannot be written: {error.strerror}; give another file") from error
