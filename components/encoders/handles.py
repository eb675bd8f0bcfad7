"""What `encoder.handle` may hold."""

from __future__ import annotations

from pathlib import Path

from components.errors import EncoderError

EMBEDDED = "all-MiniLM-L6-v2"
ACCEPTED = (
    f"'{EMBEDDED}' (the embedded encoder), the folder of a SavedModel, or an address at TF Hub or Kaggle "
    "(https://tfhub.dev/… or https://www.kaggle.com/models/…)"
)
# max_position_embeddings of the embedded encoder's config.json, known before it is there.
_EMBEDDED_POSITIONS = 512


def is_url(handle: str) -> bool:
    """Whether the handle is an address to download from."""
    return handle.startswith(("https://", "http://"))


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
