"""Folders that the configuration names, and that must be there before any work."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from components.errors import ConfigError


def make_folder(folder: Path, key: str) -> None:
    """Makes the folder that a setting names. Raises ConfigError where it cannot be made or written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(
            f"{key}: {folder} cannot be used by the user {os.geteuid()} ({error.strerror}); "
            "set it to a folder to write in, or grant the right to"
        ) from error
