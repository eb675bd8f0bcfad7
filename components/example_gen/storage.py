"""The user's files, wherever they are: local paths, and URLs of the file systems that Beam knows (gs://, s3://, hdfs://).

https://beam.apache.org/documentation/programming-guide/#pipeline-io. Beam is imported for URLs alone: it takes seconds.
"""

from __future__ import annotations

import fnmatch
import hashlib
import io
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from components.errors import DataError

_SCHEME = re.compile(r"([A-Za-z][-+.A-Za-z0-9]*)://")
_MAGIC = frozenset("*?[")
_ANY_DEPTH = "**"
_CHUNK = 1 << 20
# Beam's extra for each scheme that needs one. https://beam.apache.org/get-started/quickstart-py/
_EXTRAS = {"gs": "gcp", "s3": "aws", "hdfs": "hadoop", "azfs": "azure"}

_Result = TypeVar("_Result")


def is_url(path: str) -> bool:
    """Whether the path is one of a file system that only Beam reads, as gs://bucket/file is."""
    return _SCHEME.match(path) is not None


def absolute(path: str) -> str:
    """The path from the root; a URL as it is."""
    return path if is_url(path) else str(_local(path).absolute())


def resolved(path: str) -> str:
    """The one path of a file, whatever links and `..` lead to it; a URL as it is. Raises DataError as `is_folder`."""
    return path if is_url(path) else str(_readable(path, lambda: _local(path).resolve()))


def home_filled(path: str) -> str:
    """The path with the home folder in place of `~`; a URL as it is. Raises DataError where there is no such home."""
    return path if is_url(path) else str(_local(path))


def shown(path: str) -> str:
    """The path as it can be printed: bytes of it that are no UTF-8 by their number."""
    return path.encode("utf-8", "backslashreplace").decode()


def base_name(path: str) -> str:
    """The last part of a path or URL."""
    return path.rstrip("/").rpartition("/")[2]


def parts(path: str) -> tuple[str, ...]:
    """A path or URL in its parts, `~` expanded; a URL's first is its scheme and the second its bucket or host."""
    if not is_url(path):
        return _local(path).parts
    scheme, _, rest = path.partition("://")
    return (scheme, *rest.split("/"))


def seen_from(path: str) -> str:
    """For error messages: where a path that is no URL starts, in brackets and after a space."""
    return "" if is_url(path) else f" (seen from {Path.cwd()})"


def find(pattern: str) -> list[str]:
    """The file so called, else those that match it, in order; none where there are none.

    In a pattern `*`, `?` and `[...]` stand for what is within one part of a path, `**` as a part for any folders. Parts
    at its beginning that exist under that very name are no pattern.

    Raises:
        DataError: a folder cannot be read, a link leads nowhere, the file system cannot be reached, or its scheme is
            unknown.
    """
    return _matched(pattern) if is_url(pattern) else _found(pattern)


def is_folder(path: str) -> bool:
    """Whether it is a folder; of URLs, whether there is a file below it.

    Raises:
        DataError: as `find`.
    """
    if not is_url(path):
        return _readable(path, lambda: _local(path).is_dir())
    return bool(_matched(f"{path.rstrip('/')}/*", at_most=1) or _matched(f"{path.rstrip('/')}/**", at_most=1))


def is_file(path: str) -> bool:
    """Whether there is a file of exactly this name.

    Raises:
        DataError: as `find`.
    """
    return find(path) == [path] if is_url(path) else _readable(path, lambda: _local(path).is_file())


def size(path: str) -> int:
    """The bytes of a file, as stored.

    Raises:
        DataError: there is no such file, or it cannot be reached.
    """
    if not is_url(path):
        return _readable(path, lambda: _local(path).stat().st_size)
    metadata = _beam(path, lambda systems: systems.match([path]))[0].metadata_list
    if not metadata:
        raise DataError(f"{path} is no file; correct the address")
    return metadata[0].size_in_bytes


def open_binary(path: str) -> BinaryIO:
    """The bytes of a file as stored: compressed ones stay compressed.

    Raises:
        DataError: there is no such file, or it cannot be read or reached; of a URL while reading too.
    """
    if is_url(path):
        from apache_beam.io.filesystem import CompressionTypes

        opened = _beam(path, lambda systems: systems.open(path, compression_type=CompressionTypes.UNCOMPRESSED))
        return io.BufferedReader(_Remote(path, opened), _CHUNK)
    return _readable(path, lambda: _local(path).open("rb", buffering=max(_CHUNK, io.DEFAULT_BUFFER_SIZE)))


@contextmanager
def local_copy(path: str) -> Iterator[Path]:
    """The file itself where it is local; else a copy of the same name, there for as long as the block takes.

    Raises:
        DataError: there is no such file, or it cannot be read or reached.
    """
    if not is_url(path):
        yield _local(path)
        return
    with tempfile.TemporaryDirectory(prefix="bertline-") as folder:
        copy = Path(folder) / base_name(path)
        _copy(path, copy)
        yield copy


def digest(path: str) -> str:
    """SHA-256 of a file's content, in hexadecimal digits.

    Raises:
        DataError: there is no such file, or it cannot be read or reached.
    """
    total = hashlib.sha256()
    with open_binary(path) as file:
        for chunk in iter(lambda: _readable(path, lambda: file.read(_CHUNK)), b""):
            total.update(chunk)
    return total.hexdigest()


def _copy(path: str, copy: Path) -> None:
    with open_binary(path) as source, copy.open("wb") as target:
        _readable(path, lambda: shutil.copyfileobj(source, target, _CHUNK))


def _local(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise DataError(f"{path}: there is no such home folder; write the path without ~") from error


def _readable(path: str, read: Callable[[], _Result]) -> _Result:
    try:
        return read()
    except OSError as error:
        place = "" if error.filename is None or str(error.filename) == path else f": {shown(str(error.filename))}"
        raise DataError(
            f"{shown(path)} cannot be read ({error.strerror or error}{place}); check that it is there and may be read"
        ) from error


def _found(pattern: str) -> list[str]:
    return _readable(pattern, lambda: [str(path) for path in _glob(_local(pattern))])


def _glob(pattern: Path) -> list[Path]:
    folder, rest = _divided(pattern)
    if not rest:
        return [folder] if folder.is_file() else []
    if not _MAGIC & set("".join(rest)) or not folder.is_dir():
        return []
    if any(_ANY_DEPTH in part and part != _ANY_DEPTH for part in rest):
        raise DataError(f"{str(pattern)!r} has ** beside other characters; write it as a part of its own: a/**/*.csv")
    if rest[-1] == _ANY_DEPTH:  # whether it stands for files too depends on Python's version
        rest = (*rest, "*")
    return sorted(set(_walk(folder, rest)))


def _walk(folder: Path, pattern: tuple[str, ...]) -> Iterator[Path]:
    """The files below the folder that match. Unlike pathlib's glob it passes over nothing that cannot be looked at."""
    part, rest = pattern[0], pattern[1:]
    if part == _ANY_DEPTH:
        yield from _walk(folder, rest)
        for entry in _entries(folder):
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(folder / entry.name, pattern)
    elif not _MAGIC & set(part):
        yield from _matching(folder / part, rest)
    else:
        for entry in _entries(folder):
            if fnmatch.fnmatch(entry.name, part):
                yield from _matching(folder / entry.name, rest)


def _matching(path: Path, rest: tuple[str, ...]) -> Iterator[Path]:
    """The path itself where nothing of the pattern is left and it is a file, else what matches below it."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        if not rest and path.is_symlink():
            raise
        return
    if rest and stat.S_ISDIR(mode):
        yield from _walk(path, rest)
    elif not rest and stat.S_ISREG(mode):
        yield path


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _divided(pattern: Path) -> tuple[Path, tuple[str, ...]]:
    """What exists under that very name, and the parts that follow."""
    folder = Path()
    for index, part in enumerate(pattern.parts):
        if not (folder / part).exists():
            return folder, pattern.parts[index:]
        folder /= part
    return folder, ()


def _matched(pattern: str, at_most: int | None = None) -> list[str]:
    results = _beam(pattern, lambda systems: systems.match([pattern], [at_most]))
    return sorted(metadata.path for metadata in results[0].metadata_list if not metadata.path.endswith("/"))


def _beam(url: str, do: Callable[[Any], _Result]) -> _Result:
    """What Beam's file systems give for a URL; every one of them raises errors of its own."""
    from apache_beam.io.filesystem import FileSystem
    from apache_beam.io.filesystems import FileSystems

    known = sorted({str(system.scheme()) for system in FileSystem.get_all_subclasses() if system.scheme()})
    scheme = url.partition("://")[0]
    if scheme not in known:
        raise DataError(f"{url}: there is no file system {scheme}://{_remedy(scheme, known)}")
    _set_options(FileSystems)
    return _reached(url, lambda: do(FileSystems), _remedy(scheme, known))


def _reached(url: str, do: Callable[[], _Result], remedy: str) -> _Result:
    try:
        return do()
    except Exception as error:  # Google's, Amazon's and Hadoop's clients share no base
        raise DataError(f"{url} cannot be reached ({_first_line(error)}){remedy}") from error


class _Remote(io.RawIOBase):
    """The bytes of a URL. What goes wrong on the way is a DataError, lest it pass for a damaged file."""

    def __init__(self, url: str, stream: BinaryIO) -> None:
        super().__init__()
        self._url, self._stream = url, stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._do(self._stream.seekable)

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._do(lambda: self._stream.read(len(view)))
        view[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._do(lambda: self._stream.seek(offset, whence))
        return self.tell()

    def tell(self) -> int:
        return self._do(self._stream.tell)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._do(self._stream.close)

    def _do(self, what: Callable[[], _Result]) -> _Result:
        return _reached(self._url, what, "; the file broke off on the way: try again")


def _remedy(scheme: str, known: list[str]) -> str:
    extra = _EXTRAS.get(scheme)
    if extra is None:
        return f"; use a local path, or one of {', '.join(f'{name}://' for name in known)}"
    return f'; check the address and your rights, and that Beam\'s extra is there: pip install "apache-beam[{extra}]"'


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _set_options(systems: Any) -> None:
    """Outside of a Beam pipeline there are no options, and S3's file system refuses to work without any."""
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.options.value_provider import RuntimeValueProvider

    if systems._pipeline_options is None and RuntimeValueProvider.runtime_options is None:
        systems.set_options(PipelineOptions([]))
