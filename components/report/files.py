"""Reads what steps left behind, from a local folder or, where it is a URL, by TFX."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from components.report.told import NotThereError


def read_bytes(folder: str, name: str) -> bytes:
    """The content of a file. Raises NotThereError where there is none, OSError where it cannot be read."""
    address = f"{folder.rstrip('/')}/{name}"
    try:
        return _read_remote(address) if "://" in address else Path(address).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotThereError(f"The file {name} is gone from {folder}.") from error


def read_json(folder: str, name: str) -> dict[str, Any]:
    """The JSON object in a file. Raises as `read_bytes` does, and ValueError where it is none."""
    return json.loads(read_bytes(folder, name))


def _read_remote(address: str) -> bytes:
    from tfx.dsl.io import fileio  # which loads TensorFlow

    if not fileio.exists(address):
        raise FileNotFoundError(address)
    with fileio.open(address, "rb") as file:
        return file.read()
