"""Files that a verb is to write after minutes of work: whether it can is looked at before."""

from __future__ import annotations

import os
from pathlib import Path

from components.errors import ConfigError


def check_writable(option: str, file: Path, example: str) -> None:
    """Refuses a file that could not be written.

    Args:
        option: of the command line, by which the file was given.
        file: its path; a `~` stands for the home folder.
        example: a name for such a file.

    Raises:
        ConfigError: it is a folder, or its folder is not there or cannot be written.
    """
    path = file.expanduser().absolute()
    if path.is_dir():
        raise ConfigError(f"{option} {file} is a folder; give the path of a file, such as {file / example}")
    if not path.parent.is_dir():
        raise ConfigError(f"{option} {file}: there is no folder {path.parent}; make it, or give another path")
    if not os.access(path.parent, os.W_OK):
        raise ConfigError(f"{option} {file}: {path.parent} cannot be written; give another path")
