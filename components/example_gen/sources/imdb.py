"""Reads the Large Movie Review Dataset (Maas et al. 2011) in any of the forms that it comes in.

- the tree aclImdb/{train,test}/{neg,pos}/*.txt, a review a file;
- aclImdb_v1.tar.gz, in which the tree is packed, without unpacking it;
- Kaggle's 'IMDB Dataset.csv' with the columns review and sentiment, which has no official split.

`unsup`, which has no labels, is passed over.
"""

from __future__ import annotations

import collections
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from components.errors import DataError
from components.example_gen import storage
from components.example_gen.formats import compression, delimited
from components.example_gen.formats.columns import Columns
from components.example_gen.formats.file import InputFile
from components.example_gen.rows import DAMAGED, TOO_LONG, UNREADABLE, BadRow, Row, bad_row
from components.example_gen.settings import DataSettings
from components.example_gen.sources import places
from components.example_gen.sources.source_file import SourceFile
from components.features import TEST, TRAIN

LABELS = ("neg", "pos")
TREE = "aclImdb"
ARCHIVE = "aclImdb_v1.tar.gz"
CSV = "IMDB Dataset.csv"

_FOLDERS = tuple(f"{split}/{label}" for split in (TRAIN, TEST) for label in LABELS)
_REVIEW = ".txt"
_ARCHIVES = (".tar.gz", ".tgz")
_COLUMNS = Columns("review", label="sentiment")
_SENTIMENTS = {"negative": "neg", "positive": "pos"}
_BLOCK = 1 << 20
_MAX_BYTES = 16 << 20  # of a review, or of a header of the archive: beyond every one, but not beyond the memory
_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_TAR_DAMAGE = (*compression.DAMAGE, tarfile.TarError)


class _Member(NamedTuple):
    """A review of the archive."""

    name: str
    split: str
    label: str
    content: bytes


class _Header(tarfile.TarInfo):
    """A header of the archive; tarfile reads those that hold names whole, however long they say they are."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        # The one place between a header's size and its reading that Python 3.10 and 3.13 both pass.
        if self.type in _HEADERS and self.size > _MAX_BYTES:
            raise tarfile.ReadError(f"a header in it has {self.size} bytes")
        return super()._proc_member(archive)  # pyright: ignore[reportAttributeAccessIssue]


def list_files(data: DataSettings) -> list[SourceFile]:
    """All files with labelled reviews, in a fixed order: the tree where there is one, else the archive, else the CSV.

    Raises:
        ConfigError: `data.path` is missing.
        DataError: none of them is there, or the tree lacks a folder.
    """
    path = places.required_path(data)
    if storage.is_file(path):
        return [SourceFile(path, path)]
    for root in (path, places.join(path, TREE)):
        if any(storage.is_folder(places.join(root, split)) for split in (TRAIN, TEST)):
            return _list_tree(root)
    found = places.find_in(path, [ARCHIVE, CSV])
    if found is None:
        raise places.nowhere(data, f"the folder {TREE}, {ARCHIVE} or {CSV!r}")
    return [SourceFile(found, found)]


def check(files: list[SourceFile]) -> None:
    """Raises DataError unless the archive or CSV can be read, as far as its beginning tells."""
    [first, *_] = files
    if _is_archive(first):
        _check_archive(first)
    elif not _is_review(first):
        delimited.check(_input(first), _COLUMNS)


def read(file: SourceFile) -> Iterator[Row | BadRow]:
    """The reviews of a file, labelled neg and pos; of tree and archive with their official split."""
    if _is_review(file):
        return _read_review(file)
    return _read_archive(file) if _is_archive(file) else _read_csv(file)


def _is_review(file: SourceFile) -> bool:
    return file.path.endswith(_REVIEW)


def _is_archive(file: SourceFile) -> bool:
    return file.path.endswith(_ARCHIVES)


def _input(file: SourceFile) -> InputFile:
    member = CSV if file.path.endswith(compression.ZIP) else None
    return InputFile(file.path, file.name, member=member)


def _list_tree(root: str) -> list[SourceFile]:
    found = {folder: _reviews_in(places.join(root, folder)) for folder in _FOLDERS}
    missing = [folder for folder, paths in found.items() if not paths]
    if missing:
        raise DataError(
            f"data.path: {root!r} is no whole {TREE} folder: looked for *{_REVIEW} in {', '.join(_FOLDERS)} and found "
            f"none in {', '.join(missing)}; unpack {ARCHIVE} again, or set data.path to the archive itself"
        )
    return [
        SourceFile(storage.shown(path), path, official=folder.partition("/")[0])
        for folder, paths in found.items()
        for path in paths
    ]


def _reviews_in(folder: str) -> list[str]:
    if storage.is_url(folder):
        return storage.find(f"{folder}/*{_REVIEW}")
    return [str(path) for path in sorted(Path(folder).glob(f"*{_REVIEW}"))]


def _read_review(file: SourceFile) -> Iterator[Row | BadRow]:
    """The one row of a review's file: its label comes from its folder."""
    try:
        with storage.open_binary(file.path) as stream:
            content = stream.read(_MAX_BYTES + 1)
    except (OSError, DataError) as error:
        yield bad_row(file.name, 1, UNREADABLE, f"the file cannot be read: {error}", "")
        return
    if len(content) > _MAX_BYTES:
        yield bad_row(file.name, 1, TOO_LONG, f"the file has more than {_MAX_BYTES} bytes", "")
        return
    yield _row(file.name, content, PurePosixPath(file.path).parent.name, file.official)


def _row(name: str, content: bytes, label: str, official: str | None) -> Row:
    return Row(name, 1, content.decode("utf-8", errors="surrogateescape"), label, None, official)


def _read_csv(file: SourceFile) -> Iterator[Row | BadRow]:
    for row in delimited.read(_input(file), _COLUMNS):
        yield row._replace(label=_SENTIMENTS.get(str(row.label).strip(), row.label)) if isinstance(row, Row) else row


def _check_archive(file: SourceFile) -> None:
    try:
        first = next(_members(file.path), None)
    except _TAR_DAMAGE as error:
        raise DataError(f"{file.name} cannot be read: {error}; {places.FETCH}") from error
    if first is None:
        raise DataError(f"{file.name} has no reviews (*{_REVIEW} in {', '.join(_FOLDERS)}); {places.FETCH}")


def _read_archive(file: SourceFile) -> Iterator[Row | BadRow]:
    """A row for each review of the archive; a BadRow of reason `damaged file` in the end where some are lost."""
    seen: collections.Counter[str] = collections.Counter()
    try:
        for member in _members(file.path):
            seen[f"{member.split}/{member.label}"] += 1
            yield _row(f"{file.name}/{storage.shown(member.name)}", member.content, member.label, member.split)
    except _TAR_DAMAGE as error:
        yield bad_row(file.name, 1, DAMAGED, f"the archive breaks off after {seen.total()} reviews: {error}", "")
        return
    missing = [folder for folder in _FOLDERS if not seen[folder]]
    if missing:
        yield bad_row(file.name, 1, DAMAGED, f"the archive has no reviews in {', '.join(missing)}", "")


def _members(path: str) -> Iterator[_Member]:
    """The labelled reviews of the archive, in one pass and without unpacking it. Raises `_TAR_DAMAGE`."""
    with compression.open_bytes(path) as stream, _open_tar(stream) as archive:
        while (member := archive.next()) is not None:
            archive.members.clear()  # pyright: ignore[reportAttributeAccessIssue] (it remembers all of 100,000)
            parts = PurePosixPath(member.name).parts[-3:]
            if member.isfile() and member.name.endswith(_REVIEW) and "/".join(parts[:-1]) in _FOLDERS:
                if member.size > _MAX_BYTES:  # of a sparse one, with its holes
                    raise tarfile.ReadError(f"{member.name} in it has {member.size} bytes, as no review has")
                content = archive.extractfile(member)
                yield _Member(member.name, parts[0], parts[1], content.read() if content else b"")
        _check_end(archive)


def _open_tar(stream: BinaryIO) -> tarfile.TarFile:
    return tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header)


def _check_end(archive: tarfile.TarFile) -> None:
    """Reads on to the checksum of the compression. Nothing but NULs may come: tarfile ends at a damaged header too."""
    rest = archive.fileobj
    while rest is not None and (block := rest.read(_BLOCK)):
        if block.strip(b"\0"):
            raise tarfile.ReadError("a header in it is damaged")
