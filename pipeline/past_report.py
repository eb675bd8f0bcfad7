"""`bertline report`: the report of a past run, written anew."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from typing_extensions import override

from components.errors import ConfigError
from pipeline.history.find import find_run
from pipeline.history.rebuild import INTERRUPTED, RUNNING, PastRun
from pipeline.reporting import report_folder, write_report
from pipeline.run_record import REPORT_FILE

_UNENDED = {RUNNING: "it goes on", INTERRUPTED: "it was killed, or went down with its machine"}


def report_past_run(root: Path, word: str | None, output: Path | None, tell: Callable[[str], None]) -> Path:
    """Writes the report of a past run, and gives its path.

    Of a run that is known by its record alone the report that it wrote itself tells more than any that can be written
    now: that one stays, and its path is given, unless there is an `output`.

    Args:
        root: the folder below which tasks keep their runs.
        word: which run: see `find_run`.
        output: the page's file; in the run's own folder where it is left out.
        tell: is told, a sentence each, which sections are missing and why.

    Raises:
        ConfigError: no such run, `output` is no page's name, or the report cannot be written.
        RecordError: a file that the run left is damaged.
    """
    past = find_run(root, word)
    if output is not None and output.suffix not in (".html", ".htm"):
        raise ConfigError(f"--output {output}: a page's name ends in .html; its numbers lie beside it, in .json")
    destination = output or report_folder(past.home, past.run.run_id) / REPORT_FILE
    if output is None and past.stored is None and destination.exists():
        return destination
    try:
        with _telling(tell):
            return _write(past, destination)
    except OSError as error:
        raise ConfigError(f"the report {destination} cannot be written: {error.strerror}; give --output") from error


def _write(past: PastRun, destination: Path) -> Path:
    unended = past.state if past.state in _UNENDED else None
    outcome = dataclasses.replace(past.outcome, reasons=[_UNENDED[unended]]) if unended else past.outcome
    knows_steps = past.stored is not None
    return write_report(past.run, outcome, past.record, destination, unended=unended, knows_steps=knows_steps)


@contextlib.contextmanager
def _telling(tell: Callable[[str], None]) -> Iterator[None]:
    """Passes on what the report logs inside the block, which has no log file here to keep its tracebacks."""
    logger, notes = logging.getLogger("components.report"), _Notes(tell)
    propagated = logger.propagate
    logger.addHandler(notes)
    logger.propagate = False
    try:
        yield
    finally:
        logger.propagate = propagated
        logger.removeHandler(notes)


class _Notes(logging.Handler):
    """Makes a sentence of each log record, with its cause and no traceback."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Tells it."""
        error = record.exc_info[1] if record.exc_info else None
        cause = "" if error is None else f" ({type(error).__name__}: {error})"
        self._tell(f"{record.getMessage()}{cause}")
