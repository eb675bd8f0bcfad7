"""What every verb that looks at a task's data begins with: a quiet terminal, and a folder that goes away."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.console import Console

from pipeline.config import Config
from pipeline.folders import make_folder
from pipeline.home import LOGS
from pipeline.quiet import logging_to
from pipeline.sigterm import sigterm_as_interrupt


@contextmanager
def looking(config: Config, verb: str) -> Iterator[tuple[Console, Path]]:
    """Yields the console, and a folder that is deleted in the end; what libraries print goes to a log of the task.

    Args:
        config: the task.
        verb: what is being done, part of the log's name.

    Raises:
        ConfigError: pipeline.root cannot be written.
    """
    home = config.pipeline.home
    make_folder(home, "pipeline.root")
    now = datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S")
    with (
        sigterm_as_interrupt(),
        logging_to(home / LOGS / f"{now}-{verb}.log") as console,
        tempfile.TemporaryDirectory(prefix=".looking-", dir=home) as folder,
    ):
        yield console, Path(folder)
