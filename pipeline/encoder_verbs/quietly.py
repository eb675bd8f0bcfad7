"""Work on an encoder without what TensorFlow prints as it is imported."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from pipeline.quiet import logging_to


@contextmanager
def quietly() -> Iterator[Console]:
    """Inside the block, where TensorFlow is imported, nothing that libraries print is seen; yields a console."""
    with tempfile.TemporaryDirectory() as folder, logging_to(Path(folder, "log")) as console:
        yield console
