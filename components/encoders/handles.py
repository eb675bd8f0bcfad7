"""What `encoder.handle` may hold."""

from __future__ import annotations

import ipaddress
import shlex
from pathlib import Path
from urllib.parse import urlsplit

from components.encoders import catalogue
from components.errors import EncoderError
from components.fetch.addresses import shown

EMBEDDED = "all-MiniLM-L6-v2"
ACCEPTED = (
    f"'{EMBEDDED}' (the embedded encoder), a name that `bertline encoders list` shows, the folder of a SavedModel, or "
    "an address at TF Hub or Kaggle (https://tfhub.dev/… or https://www.kaggle.com/models/…, with its version)"
)
# tensorflow_hub's query, which says only how the encoder is packed (https://www.tensorflow.org/hub/hosting).
COMPRESSED = "tf-hub-format=compressed"
_HUBS = frozenset({"tfhub.dev", "www.kaggle.com", "kaggle.com"})
# What tells a checkpoint that others' programs read: it becomes a SavedModel by conversion.
_CHECKPOINTS = ("*.safetensors", "pytorch_model*.bin", "*.ckpt*.index")
# max_position_embeddings of the embedded encoder's config.json, known before it is there.
_EMBEDDED_POSITIONS = 512


def is_url(handle: str) -> bool:
    """Whether the handle is an address to download from."""
    return handle.startswith(("https://", "http://"))


def address(handle: str) -> str | None:
    """The checked address that the handle names, itself or by a name of the catalogue; None for any other handle.

    A name of the catalogue is that encoder even where a folder is called so: ./NAME is the folder. Two addresses that
    differ in a slash at the end, or in how the encoder is packed, are one.

    Raises:
        EncoderError: as for `checked_url`.
    """
    entry = catalogue.find(handle)
    if entry is not None:
        return entry.handle
    return _plain(checked_url(handle)) if is_url(handle) else None


def shown_handle(handle: str) -> str:
    """The handle for messages: an address without its secrets."""
    return shown(handle) if is_url(handle) else handle


def checked_url(handle: str) -> str:
    """The address itself, if what it leads to is known by whom it comes from and never changes.

    Both hold at TF Hub and Kaggle alone: https proves who answers, and an address names a version, which is what a
    cached result relies on. This machine's own addresses (127.0.0.1, localhost) may be http too.

    Raises:
        EncoderError: the address is elsewhere, names no version, or holds a user or a password, which would be kept
            with every run. An encoder is a program: TensorFlow runs its graph.
    """
    if not _is_trusted(handle):
        problem = "is no https address at TF Hub or Kaggle"
    elif "@" in urlsplit(handle).netloc:
        problem = "holds a user or a password"
    elif not _names_a_version(handle):
        problem = "does not end with a version, as in …/3"
    else:
        return handle
    raise EncoderError(
        f"encoder.handle is {shown(handle)}, which {problem}; set it to {ACCEPTED}, or download and unpack it yourself "
        "and set encoder.handle to that folder"
    )


def known_max_positions(handle: str) -> int | None:
    """How many tokens the encoder takes at most, where that can be told without looking at it.

    What the catalogue is not sure of is not known.
    """
    if handle == EMBEDDED:
        return _EMBEDDED_POSITIONS
    entry = catalogue.find_address(handle) if is_url(handle) else catalogue.find(handle)
    return None if entry is None or "max_positions" in entry.unverified else entry.max_positions


def local_folder(handle: str) -> Path:
    """The absolute path of the SavedModel folder that the handle names.

    Raises:
        EncoderError: there is no such folder, or it holds no SavedModel.
    """
    folder = Path(handle).expanduser().absolute()
    if not handle or not folder.is_dir():
        raise EncoderError(f"encoder.handle is {handle!r}, which is no folder{_meant(handle)}; set it to {ACCEPTED}")
    saved_model_file(folder)
    return folder


def saved_model_file(folder: Path) -> Path:
    """The SavedModel's graph file. Raises EncoderError where the folder has none."""
    file = folder / "saved_model.pb"
    if file.is_file():
        return file
    checkpoint = next((file.name for pattern in _CHECKPOINTS for file in sorted(folder.glob(pattern))), None)
    if checkpoint is not None:
        raise EncoderError(
            f"{folder} is no SavedModel but a checkpoint ({checkpoint}); run: bertline encoders convert "
            f"{shlex.quote(str(folder))} DESTINATION, and set encoder.handle to DESTINATION"
        )
    raise EncoderError(f"{folder} is no SavedModel: it has no saved_model.pb; set encoder.handle to {ACCEPTED}")


def _plain(url: str) -> str:
    parts = urlsplit(url)
    query = "&".join(part for part in parts.query.split("&") if part and part != COMPRESSED)
    return parts._replace(path=parts.path.rstrip("/"), query=query, fragment="").geturl()


def _meant(handle: str) -> str:
    names = catalogue.close_names(handle) if handle else []
    return f" (is {' or '.join(names)} meant?)" if names else ""


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
