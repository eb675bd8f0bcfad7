"""What can be fetched for each source, from where, and how it is known to be right.

aclImdb: https://ai.stanford.edu/~amaas/data/sentiment/ (Maas et al. 2011), its size and checksums as TensorFlow
Datasets (SHA-256) and torchtext (MD5) publish them. Kaggle's pages: kaggle.com/datasets/lakshmi25npathi/
imdb-dataset-of-50k-movie-reviews, kaggle.com/c/quora-insincere-questions-classification,
kaggle.com/c/jigsaw-toxic-comment-classification-challenge. archive.org's item is what the W&B report reads.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from urllib.parse import unquote, urlsplit

from components.errors import ConfigError, DataError
from components.fetch.addresses import shown

STANFORD, KAGGLE, ARCHIVE = "stanford", "kaggle", "archive.org"
GIB = 2**30


@dataclasses.dataclass(frozen=True)
class Official:
    """What is known of the bytes of a published file: `size` in bytes, checksums in hexadecimal digits."""

    size: int | None = None
    sha256: str | None = None
    md5: str | None = None

    @property
    def has_checksum(self) -> bool:
        """Whether the bytes can be told from any others."""
        return self.sha256 is not None or self.md5 is not None


@dataclasses.dataclass(frozen=True)
class WebFile:
    """A file to download as `name`; `item` is that of archive.org whose metadata tell its size and checksum."""

    name: str
    url: str
    official: Official = Official()
    item: str | None = None
    largest: int = 2 * GIB


@dataclasses.dataclass(frozen=True)
class LocalFile:
    """A file to copy as `name`."""

    name: str
    path: Path
    official: Official = Official()


@dataclasses.dataclass(frozen=True)
class KaggleFile:
    """A file of a Kaggle dataset (OWNER/NAME) or competition (NAME): `names` are tried in their order."""

    handle: str
    names: tuple[str, ...]

    @property
    def of_competition(self) -> bool:
        """Whether it is a competition's, whose rules must be accepted."""
        return "/" not in self.handle

    @property
    def page(self) -> str:
        """Where a browser shows it."""
        return f"https://www.kaggle.com/{'competitions' if self.of_competition else 'datasets'}/{self.handle}"


Item = WebFile | LocalFile | KaggleFile

ACL_IMDB = Official(
    size=84_125_825,
    sha256="c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
    md5="7c2ac02c03563afcf9b574c7e56c153a",
)
_ACL_IMDB_NAME = "aclImdb_v1.tar.gz"
_ARCHIVE_ITEM = "fine-tune-bert-tensorflow-train.csv"
_QUORA = "quora-insincere-questions-classification"
_JIGSAW = "jigsaw-toxic-comment-classification-challenge"

# The first origin of each source is where it is fetched from by default.
ORIGINS: dict[str, dict[str, tuple[Item, ...]]] = {
    "imdb": {
        STANFORD: (
            WebFile(_ACL_IMDB_NAME, f"https://ai.stanford.edu/~amaas/data/sentiment/{_ACL_IMDB_NAME}", ACL_IMDB),
        ),
        KAGGLE: (KaggleFile("lakshmi25npathi/imdb-dataset-of-50k-movie-reviews", ("IMDB Dataset.csv",)),),
    },
    "quora": {
        ARCHIVE: (
            WebFile("train.csv.zip", f"https://archive.org/download/{_ARCHIVE_ITEM}/train.csv.zip", item=_ARCHIVE_ITEM),
        ),
        KAGGLE: (KaggleFile(_QUORA, ("train.csv", "train.csv.zip")),),
    },
    "toxic": {
        # Older competitions list their files as zips; Kaggle has listed them by either name.
        KAGGLE: tuple(
            KaggleFile(_JIGSAW, (f"{name}.zip", name)) for name in ("train.csv", "test.csv", "test_labels.csv")
        ),
    },
}
# The names by which each source knows its files, and what is known of them wherever they come from.
_KNOWN: dict[str, dict[str, Official]] = {
    "imdb": {_ACL_IMDB_NAME: ACL_IMDB, "IMDB Dataset.csv": Official()},
    "quora": {"train.csv": Official(), "train.csv.zip": Official()},
    "toxic": {
        f"{name}.csv{suffix}": Official() for name in ("train", "test", "test_labels") for suffix in ("", ".zip")
    },
}


def items(source: str, origin: str | None) -> tuple[Item, ...]:
    """What is to be fetched for a source.

    Args:
        source: a key of `ORIGINS`.
        origin: a name of the catalogue, the URL of a mirror's file, the path of a file or of a folder with files; None
            for where the source is published.

    Raises:
        ConfigError: the origin is none of these, or its name is none that the source knows.
        DataError: there is no such path, or it holds nothing of the source.
    """
    known = ORIGINS[source]
    if origin is None or origin in known:
        return known[origin or next(iter(known))]
    if "://" in origin:
        return (_mirror(source, origin),)
    try:
        return _local(source, Path(origin).expanduser())
    except (OSError, RuntimeError) as error:  # too long, no rights; nobody's home
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"--from {origin} cannot be read ({reason}); give {_accepted(source)}") from error


def _mirror(source: str, url: str) -> WebFile:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets or a port that are none
        is_address = False
    if not is_address:
        raise ConfigError(f"--from {shown(url)} is no https address; give {_accepted(source)}")
    name = unquote(urlsplit(url).path.rpartition("/")[2])
    return WebFile(name, url, _official(source, name, shown(url)))


def _local(source: str, path: Path) -> tuple[LocalFile, ...]:
    if path.is_file():
        return (LocalFile(path.name, path, _official(source, path.name, str(path))),)
    if not path.is_dir():
        raise DataError(f"--from {path}: there is no such file or folder; give {_accepted(source)}")
    found = tuple(LocalFile(name, path / name, of) for name, of in _KNOWN[source].items() if (path / name).is_file())
    if not found:
        raise DataError(f"--from {path}: it holds none of {', '.join(_KNOWN[source])}; give {_accepted(source)}")
    return found


def _official(source: str, name: str, origin: str) -> Official:
    if name not in _KNOWN[source]:
        raise ConfigError(
            f"--from {origin}: data.source {source} knows no file {name!r}; give one that is called "
            f"{' or '.join(_KNOWN[source])}"
        )
    return _KNOWN[source][name]


def _accepted(source: str) -> str:
    return f"{', '.join(ORIGINS[source])}, a URL, or a path"
