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
from components.errors import BertlineError, ConfigError
from pipeline.predict_rows import Row

STANDARD = Path("-")
_BAR_UPDATES = 500  # in a whole run


class PredictionStopped(BertlineError):  # noqa: N818
    """It went wrong after it had begun: the message says how many rows are done."""


class Output:
    """An open output.

    Attributes:
        size: bytes of what was written whole.
    """

    def __init__(self, file: IO[bytes], name: str, partial: Path | None = None) -> None:
        self.size = 0
        self._rows = 0
        self._line = 0
        self._file = file
        self._name = name
        self._partial = partial

    def write(self, lines: str) -> None:
        """Writes lines, in UTF-8; raises PredictionStopped where they do not fit, or cannot be written otherwise."""
        encoded = lines.encode()
        try:
            self._file.write(encoded)
            self._file.flush()  # row by row: what is said to be done is in the file
        except BrokenPipeError:
            raise  # who reads it has had enough
        except OSError as error:
            raise self.stopped(error) from error
        self.size += len(encoded)

    def write_row(self, lines: str, line: int) -> None:
        """Writes a row, whose line in the input it notes."""
        self.write(lines)
        self._rows, self._line = self._rows + 1, line

    def stopped(self, error: OSError) -> PredictionStopped:
        """The error for an output that cannot be written any more."""
        problem = f"--output: {error.strerror}: {self._name}; make room there, or give another file"
        return PredictionStopped(f"{problem}; {self.outcome}")

    @property
    def is_begun(self) -> bool:
        """Whether a row is in it."""
        return self._rows > 0

    @property
    def outcome(self) -> str:
        """What there is, where it did not become whole."""
        if not self.is_begun:
            return "no row is done"
        where = f", in {self._partial}" if self._partial else ""
        return f"{self._rows:,} rows are done, up to line {self._line:,}{where}"


@contextlib.contextmanager
def open_output(path: Path) -> Iterator[Output]:
    """Opens the output: `-` is standard output; a file appears under its name when it is whole.

    What there is of a file that did not become whole stays beside it, with the suffix `.partial`.

    Raises:
        ConfigError: it cannot be written.
        PredictionStopped: it cannot be any more.
    """
    with _standard() if path == STANDARD else _file(path) as output:
        yield output


@contextlib.contextmanager
def _standard() -> Iterator[Output]:
    try:
        yield Output(sys.stdout.buffer, "standard output")
    except PredictionStopped as error:
        if isinstance(error.__cause__, OSError):
            _forget_standard_output()
        raise


def _forget_standard_output() -> None:
    """What could not be written would be tried again at exit, with another message and exit code."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _file(path: Path) -> contextlib.AbstractContextManager[Output]:
    try:
        path = path.resolve()  # a link stays one
        is_device = path.exists() and not path.is_file()  # which a rename would replace
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError
        raise ConfigError(f"--output: {error}; give a file that can be written") from error
    return _opened(path) if is_device else _replaced(path)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Output]:
    file = _writable(path)
    try:
        yield Output(file, str(path))
    finally:
        _close(file)


@contextlib.contextmanager
def _replaced(path: Path) -> Iterator[Output]:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    partial = path.with_name(f"{path.name}.partial")
    file = _writable(unfinished)
    output = Output(file, str(path), partial)
    try:
        yield output
        _finish(file, unfinished, path, output)
    except BaseException:
        _close(file)
        _keep(unfinished, partial, output)
        raise
    with contextlib.suppress(OSError):  # an earlier one, which need not be there
        partial.unlink()


def _finish(file: IO[bytes], unfinished: Path, path: Path, output: Output) -> None:
    try:
        file.close()
        sync(unfinished)
        unfinished.replace(path)
    except OSError as error:
        raise output.stopped(error) from error


def _keep(unfinished: Path, partial: Path, output: Output) -> None:
    if not output.is_begun:
        unfinished.unlink()
        return
    os.truncate(unfinished, output.size)  # the last row may be there in part
    unfinished.replace(partial)


def _close(file: IO[bytes]) -> None:
    with contextlib.suppress(OSError):  # that what is left could not be written has been said
        file.close()


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
