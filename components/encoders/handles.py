"""What `encoder.handle` may hold."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from components.errors import EncoderError

EMBEDDED = "all-MiniLM-L6-v2"
ACCEPTED = (
    f"'{EMBEDDED}' (the embedded encoder), the folder of a SavedModel, or an address at TF Hub or Kaggle "
    "(https://tfhub.dev/… or https://www.kaggle.com/models/…, with its version)"
)
_HUBS = frozenset({"tfhub.dev", "www.kaggle.com", "kaggle.com"})
# max_position_embeddings of the embedded encoder's config.json, known before it is there.
_EMBEDDED_POSITIONS = 512


def is_url(handle: str) -> bool:
    """Whether the handle is an address to download from."""
    return handle.startswith(("https://", "http://"))


def checked_url(handle: str) -> str:
    """The address itself, if what it leads to is known by whom it comes from and never changes.

    Both hold at TF Hub and Kaggle alone: https proves who answers, and an address names a version, which is what a
    cached result relies on. This machine's own addresses (127.0.0.1, localhost) may be http too.

    Raises:
        EncoderError: the address is elsewhere, or names no version. An encoder is a program: TensorFlow runs its graph.
    """
    if not _is_trusted(handle):
        problem = "is no https address at TF Hub or Kaggle"
    elif not _names_a_version(handle):
        problem = "does not end with a version, as in …/3"
    else:
        return handle
    raise EncoderError(
        f"encoder.handle is {handle}, which {problem}; set it to {ACCEPTED}, or download and unpack it yourself and "
        "set encoder.handle to that folder"
    )


def known_max_positions(handle: str) -> int | None:
    """How many tokens the encoder takes at most, where that can be told without looking at it."""
    return _EMBEDDED_POSITIONS if handle == EMBEDDED else None


def local_folder(handle: str) -> Path:
    """The absolute path of the SavedModel folder that the handle names.

    Raises:
        EncoderError: there is no such folder, or it holds no SavedModel.
    """
    folder = Path(handle).expanduser().absolute()
    if not handle or not folder.is_dir():
        raise EncoderError(f"encoder.handle is {handle!r}, which is no folder; set it to {ACCEPTED}")
    saved_model_file(folder)
    return folder


def saved_model_file(folder: Path) -> Path:
    """The SavedModel's graph file. Raises EncoderError where the folder has none."""
    file = folder / "saved_model.pb"
    if not file.is_file():
        raise EncoderError(f"{folder} is no SavedModel: it has no saved_model.pb; set encoder.handle to {ACCEPTED}")
    return file


def _is_trusted(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # what is no address at all, as https://[::1
        return False
    return (parts.scheme == "https" and parts.hostname in _HUBS) or _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, not a number
        return False


def _names_a_version(url: str) -> bool:
    return urlsplit(url).path.rstrip("/").rpartition("/")[2].isdecimal()
