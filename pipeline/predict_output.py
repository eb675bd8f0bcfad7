"""Where `bertline predict` writes to, and how far it is."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import click

from components.durable import sync
from components.errors import ConfigError
from pipeline.predict_rows import Row

STANDARD = Path("-")
_BAR_UPDATES = 500  # in a whole run


class Output:
    """An open output.

    Attributes:
        rows: that were written.
    """

    def __init__(self, file: IO[bytes], partial: Path | None = None) -> None:
        self.rows = 0
        self._file = file
        self._partial = partial

    def write(self, lines: str) -> None:
        """Writes lines, in UTF-8."""
        self._file.write(lines.encode())

    def outcome(self, line: int) -> str:
        """What there is, where it did not become whole. `line` is the input's, of the last row."""
        if self.rows == 0:
            return "no row is done"
        where = f", in {self._partial}" if self._partial else ""
        return f"{self.rows:,} rows are done, up to line {line:,}{where}"


@contextlib.contextmanager
def open_output(path: Path) -> Iterator[Output]:
    """Opens the output: `-` is standard output; a file appears under its name when it is whole.

    What there is of a file that did not become whole stays beside it, with the suffix `.partial`.

    Raises:
        ConfigError: it cannot be written.
    """
    if path == STANDARD:
        yield Output(sys.stdout.buffer)
        return
    with _file(path.resolve()) as output:  # a link stays one
        yield output


def _file(path: Path) -> contextlib.AbstractContextManager[Output]:
    is_device = path.exists() and not path.is_file()  # which a rename would replace
    return _opened(path) if is_device else _replaced(path)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Output]:
    with _writable(path) as file:
        yield Output(file)


@contextlib.contextmanager
def _replaced(path: Path) -> Iterator[Output]:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    partial = path.with_name(f"{path.name}.partial")
    with _writable(unfinished) as file:
        output = Output(file, partial)
        try:
            yield output
        except BaseException:
            file.close()
            unfinished.replace(partial) if output.rows else unfinished.unlink()
            raise
    sync(unfinished)
    unfinished.replace(path)


def _writable(path: Path) -> IO[bytes]:
    try:
        return path.open("wb")
    except OSError as error:
        raise ConfigError(f"--output: {error.strerror}: {path.parent}; give a file that can be written") from error


@contextlib.contextmanager
def progress(source: Path | None, output: Path) -> Iterator[Callable[[Row], None]]:
    """Shows how far it is, on standard error if that is a terminal; gives what takes each row that is done."""
    is_mixed = output == STANDARD and sys.stdout.isatty()
    if source is None or is_mixed or not sys.stderr.isatty():
        yield lambda row: None
    elif source.is_file():
        with _bar_of_bytes(source.stat().st_size) as advance:
            yield advance
    else:
        with click.progressbar(itertools.repeat(None), show_eta=False, show_pos=True, file=sys.stderr) as bar:
            yield lambda row: bar.update(1)


@contextlib.contextmanager
def _bar_of_bytes(size: int) -> Iterator[Callable[[Row], None]]:
    with click.progressbar(length=size, file=sys.stderr, update_min_steps=max(1, size // _BAR_UPDATES)) as bar:
        done = 0

        def advance(row: Row) -> None:
            nonlocal done
            bar.update(row.end - done)
            done = row.end

        yield advance
