"""Encoders from TF Hub and Kaggle, downloaded once into a cache.

The protocol is TF Hub's (https://www.tensorflow.org/hub/hosting): an address is asked with the query
`tf-hub-format=compressed`, redirects, and answers with a tar archive of the SavedModel. The cache is laid out as
tensorflow_hub has it, so that both find what the other has downloaded. It is not tensorflow_hub that downloads: that
waits without end for a server that falls silent, ten minutes for a process that was killed, and it takes an archive
for whole that was cut off between two files.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, cast
from urllib.parse import urlsplit

import fasteners

from components.durable import sync, sync_tree
from components.encoders.embedded import cache_folder
from components.encoders.handles import COMPRESSED
from components.errors import DataError, EncoderError
from components.fetch import checks
from components.fetch.addresses import shown
from components.fetch.catalogue import GIB, WebFile
from components.fetch.download import download
from components.fetch.files import UnwritableError
from components.model_folder import is_complete

_CACHE_VARIABLE = "TFHUB_CACHE_DIR"
_LARGEST = 8 * GIB  # some five times the largest BERT, packed or not
# What tarfile and what it reads by raise for an archive that is none, or is cut off, or damaged.
_NO_ARCHIVE = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError)
# What the system says to names that are too long, or are a file's and a folder's at once.
_NO_NAMES = frozenset({errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTDIR, errno.EISDIR})
_ELSEWHERE = "or download and unpack it elsewhere and set encoder.handle to that folder"


def hub_cache() -> Path:
    """Where downloaded encoders are kept: `$TFHUB_CACHE_DIR`, else `tfhub` in our own cache.

    tensorflow_hub's default is a folder in /tmp, which any user of the machine may fill.
    """
    configured = os.environ.get(_CACHE_VARIABLE)
    return Path(configured).expanduser().absolute() if configured else cache_folder() / "tfhub"


def cached_folder(url: str) -> Path:
    """Where the encoder at an address is, or will be: tensorflow_hub's name for it."""
    return hub_cache() / hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()


def downloaded(url: str) -> Path:
    """The SavedModel at an address, downloaded where the cache does not hold the whole of it yet.

    Processes wait for each other. A download that was cut off goes on where it was; nothing has the encoder's name
    before all of it is there.

    Raises:
        EncoderError: it cannot be had or written, or is no SavedModel.
    """
    folder = cached_folder(url)
    if is_complete(folder):
        return folder
    with _writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with fasteners.InterProcessLock(folder.with_name(f".{folder.name}.lock")):
            if not is_complete(folder):
                _fetch(url, folder)
    return folder


def _fetch(url: str, folder: Path) -> None:
    """Downloads and unpacks. Only the holder of the lock comes here: what lies here already was left by a process
    that was killed, or lost files since.
    """
    archive = folder.with_name(f".{folder.name}.tar")
    partial = folder.with_name(f".{folder.name}.partial")
    for left in (partial, folder):
        shutil.rmtree(left, ignore_errors=True)
    try:
        download(WebFile(folder.name, _asking(url), largest=_LARGEST), archive)
    except UnwritableError as error:
        raise _unwritable(folder, error.reason) from error
    except DataError as error:
        cause = str(error).partition(";")[0]  # what follows is the remedy for a corpus
        raise EncoderError(
            f"encoder.handle is {shown(url)}, but {cause}; check the address and the network and try again (what is "
            f"there already is kept), {_ELSEWHERE}"
        ) from error
    try:
        _unpack(url, archive, partial)
    finally:
        archive.unlink(missing_ok=True)
        checks.forget(archive)
    sync_tree(partial)
    partial.rename(folder)
    sync(folder.parent)


def _asking(url: str) -> str:
    parts = urlsplit(url)
    given = [part for part in parts.query.split("&") if part and part != COMPRESSED]
    return parts._replace(query="&".join([*given, COMPRESSED])).geturl()


def _unpack(url: str, archive: Path, partial: Path) -> None:
    try:
        with _opened(archive) as content:
            size = 0
            for member in content:
                size += member.size
                if size > _LARGEST:
                    raise tarfile.ReadError(f"unpacked it is larger than {_LARGEST:,} bytes")
                _write(content, member, partial)
            _read_to_the_end(content)
        if not is_complete(partial):
            raise tarfile.ReadError("it does not hold the whole of a SavedModel")
    except (*_NO_ARCHIVE, OSError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        if not isinstance(error, _NO_ARCHIVE) and error.errno not in _NO_NAMES:
            raise
        raise EncoderError(
            f"what {shown(url)} sends is no archive of a SavedModel ({error}); check the address and try again, "
            f"{_ELSEWHERE}"
        ) from error


def _opened(archive: Path) -> tarfile.TarFile:
    """The archive, packed by gzip as TF Hub's are, or not at all."""
    try:
        return tarfile.open(archive, "r:gz")
    except tarfile.ReadError:
        return tarfile.open(archive, "r:")


def _write(content: tarfile.TarFile, member: tarfile.TarInfo, partial: Path) -> None:
    """Writes one file, with the rights that new files have. Raises TarError for what is no place below `partial`."""
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or not (member.isfile() or member.isdir()):
        raise tarfile.ExtractError(f"{member.name!r} is neither a file nor a folder inside it")
    target = partial / name
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with cast(IO[bytes], content.extractfile(member)) as source, target.open("wb") as written:
        shutil.copyfileobj(source, written)
    if target.stat().st_size != member.size:
        raise tarfile.ReadError(f"{member.name!r} is cut off")


def _read_to_the_end(content: tarfile.TarFile) -> None:
    """So that gzip compares its checksum, which stands at the end, after what the archive needs."""
    while cast(IO[bytes], content.fileobj).read(1 << 20):
        pass


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _unwritable(folder, error.strerror or str(error)) from error


def _unwritable(folder: Path, reason: str) -> EncoderError:
    return EncoderError(
        f"the encoder cannot be cached in {folder} ({reason}); make room, or set {_CACHE_VARIABLE} to a folder with "
        "2 GB to write"
    )
