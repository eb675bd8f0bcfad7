"""Fingerprint of the data outside the pipeline, so that changed data is never served from the cache."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.errors import DataError
from components.example_gen.settings import DataSettings
from components.example_gen.sources import list_files, resolve
from components.fingerprint import files_digest, json_digest


def data_digest(data: Mapping[str, Any]) -> str:
    """SHA-256 over the source's files: contents, and names below their common folder; and the number of the span.

    Where the folder lies makes no difference, nor do times: two machines with the same data agree.

    Args:
        data: the section of the configuration, as plain JSON values.

    Raises:
        ConfigError: the source is unknown, or its path and span do not go together.
        DataError: no file is there, or one cannot be read.
    """
    settings = resolve(DataSettings.from_dict(data))
    files = _files_digest([Path(file.path) for file in list_files(settings)])
    return json_digest([files, settings.span]) if isinstance(settings.span, int) else files


def _files_digest(paths: list[Path]) -> str:
    root = os.path.commonpath([path.parent for path in paths])
    try:
        return files_digest((path.relative_to(root).as_posix(), path) for path in paths)
    except OSError as error:
        raise DataError(f"data.path: {error.filename} cannot be read: {error.strerror}; make it readable") from error
