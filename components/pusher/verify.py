"""Whether a published version is what was to be published."""

from __future__ import annotations

from pathlib import Path

from components import model_folder
from components.errors import PushError


def verify_version(folder: str | Path, digest: str) -> None:
    """Checks that the folder holds the whole SavedModel with this `model_folder.model_digest`.

    Raises:
        PushError: a file is missing, or another model lies there.
    """
    if not model_folder.is_complete(folder):
        raise PushError(
            f"{folder}: the SavedModel is not complete; look for what else writes to the push folder, and push again"
        )
    if model_folder.model_digest(folder) != digest:
        raise PushError(
            f"{folder}: the files are not those of the model that was evaluated; "
            "look for what else writes to the push folder, and push again"
        )
