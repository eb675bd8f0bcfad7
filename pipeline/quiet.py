"""Sends everything that libraries print to a log file, and keeps the terminal for what the user wants to read."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console


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
    with path.open("ab", buffering=0) as log, os.fdopen(os.dup(saved[1]), "w", encoding="utf-8") as terminal:
        handler = _log_handler(path)
        for descriptor in saved:
            os.dup2(log.fileno(), descriptor)
        try:
            yield Console(file=terminal)
        finally:
            logging.getLogger().removeHandler(handler)
            handler.close()
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, original in saved.items():
                os.dup2(original, descriptor)
                os.close(original)


def _log_handler(path: Path) -> logging.Handler:
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    return handler
