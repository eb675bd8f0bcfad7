"""Text files, read so that no byte of them is lost or altered unseen: UTF-8 with or without byte order mark."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import TextIO

from components.errors import DataError
from components.example_gen.formats import compression
from components.example_gen.formats.file import InputFile

_OTHER_ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\0\0\xfe\xff": "UTF-32"}


@contextlib.contextmanager
def open_text(path: str, member: str | None = None) -> Iterator[TextIO]:
    """The file's lines: line ends (LF, CRLF, CR) as they are, bytes that are no UTF-8 as lone surrogates (PEP 383).

    Raises what `compression.open_bytes` raises, here and while reading.
    """
    with compression.open_bytes(path, member) as stream:
        yield io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")


def check_encoding(file: InputFile) -> None:
    """Raises DataError where the file says that it is UTF-16 or UTF-32, and what `open_text` raises."""
    with compression.open_bytes(file.path, file.member) as stream:
        start = stream.read(4)
    for mark, encoding in _OTHER_ENCODINGS.items():
        if start.startswith(mark):
            raise DataError(f"{file.name} is {encoding}, not UTF-8; convert it, as in `iconv -f {encoding} -t UTF-8`")
