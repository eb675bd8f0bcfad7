"""Text files, read so that no byte of them is lost or altered unseen: UTF-8 with or without byte order mark."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import TextIO

from components.errors import DataError
from components.example_gen.formats import compression
from components.example_gen.formats.file import InputFile

# Of one line, so that a small archive of a huge one does not fill the memory: beyond any text, 10 MB of ASCII included.
MAX_LINE_CHARACTERS = 16 << 20

_SKIPPED_AT_ONCE = 1 << 16
_LINE_ENDS = ("\n", "\r")
_OTHER_ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\0\0\xfe\xff": "UTF-32"}


@contextlib.contextmanager
def open_text(path: str, member: str | None = None) -> Iterator[Iterator[str]]:
    """The file's lines: line ends (LF, CRLF, CR) as they are, bytes that are no UTF-8 as lone surrogates (PEP 383).

    A line beyond `MAX_LINE_CHARACTERS`, its end included, is cut one character beyond it: see `is_too_long`.

    Raises what `compression.open_bytes` raises, here and while reading.
    """
    with (
        compression.open_bytes(path, member) as stream,
        io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as text,
    ):
        yield _lines(text)


def is_too_long(line: str) -> bool:
    """Whether it is but the beginning of a line that no reader keeps whole."""
    return len(line) > MAX_LINE_CHARACTERS


def check_encoding(file: InputFile) -> None:
    """Raises DataError where the file says that it is UTF-16 or UTF-32, and what `open_text` raises."""
    with compression.open_bytes(file.path, file.member) as stream:
        start = stream.read(4)
    for mark, encoding in _OTHER_ENCODINGS.items():
        if start.startswith(mark):
            raise DataError(f"{file.name} is {encoding}, not UTF-8; convert it, as in `iconv -f {encoding} -t UTF-8`")


def _lines(stream: TextIO) -> Iterator[str]:
    most = MAX_LINE_CHARACTERS + 1
    while line := stream.readline(most):
        yield line
        if len(line) == most:
            _skip_rest(stream, line)


def _skip_rest(stream: TextIO, line: str) -> None:
    while line and not line.endswith(_LINE_ENDS):
        line = stream.readline(_SKIPPED_AT_ONCE)
