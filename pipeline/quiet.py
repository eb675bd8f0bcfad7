"""Sends everything that libraries print to a log file, and keeps the terminal for what the user wants to read."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rich.console import Console
from typing_extensions import override


class QuietConsole(Console):
    """A console that takes texts as they are, no markup, and falls silent when nobody reads it any more."""

    @override
    def on_broken_pipe(self) -> None:
        """Rich ends the process here; a training of hours must not end because `head` has seen enough."""
        self.quiet = True
        abandon(self.file)


def abandon(stream: IO[str]) -> None:
    """Sends what a stream still holds, and whatever comes, to nowhere: its reader has gone away, and Python's own flush
    at the end would turn the exit code into 120.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)


@contextmanager
def logging_to(path: Path) -> Iterator[Console]:
    """Inside the block, standard output, standard error and Python's logging go to the file `path`.

    The file descriptors themselves are pointed at it, since TensorFlow's C++ prints past Python. Yields a console on
    the terminal (or pipe) that standard output was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    saved = {descriptor: os.dup(descriptor) for descriptor in (1, 2)}
    terminal = os.fdopen(os.dup(saved[1]), "w", encoding="utf-8")
    with path.open("ab", buffering=0) as log:
        handler = _log_handler(path)
        for descriptor in saved:
            os.dup2(log.fileno(), descriptor)
        try:
            yield QuietConsole(file=terminal, markup=False, highlight=False)
        finally:
            logging.getLogger().removeHandler(handler)
            try:
                with contextlib.suppress(OSError):
                    handler.close()
                _empty(sys.stdout)
                _empty(sys.stderr)
            finally:
                for descriptor, original in saved.items():
                    os.dup2(original, descriptor)
                    os.close(original)
            with contextlib.suppress(OSError):  # nobody reads, or there is no room: see QuietConsole
                terminal.close()


def _empty(stream: IO[str]) -> None:
    """Writes what the stream still holds to the log or, where there is no room, to nowhere, lest the user sees it."""
    try:
        stream.flush()
    except OSError:
        with contextlib.suppress(OSError):
            abandon(stream)
            stream.flush()


def _log_handler(path: Path) -> logging.Handler:
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    return handler
