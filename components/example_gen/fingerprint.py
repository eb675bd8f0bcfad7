"""Fingerprint of the data outside the pipeline, so that changed data is never served from the cache."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from components.example_gen import storage
from components.example_gen.settings import DataSettings
from components.example_gen.sources import registry
from components.fingerprint import json_digest


def data_digest(data: Mapping[str, Any]) -> str:
    """SHA-256 over the files that are read: contents, and names below their common folder; and the number of the span.

    Where the folder lies makes no difference, nor do times: two machines with the same data agree. All files count,
    also those that data is only compared with.

    Args:
        data: the section of the configuration, as plain JSON values.

    Raises:
        ConfigError: the source is unknown, or its path and span do not go together.
        DataError: no file is there, or one cannot be read.
    """
    settings = registry.resolve(DataSettings.from_dict(data))
    files = registry.list_files(settings)
    paths = sorted({storage.absolute(file.path) for file in files})
    contents = {path: storage.digest(path) for path in paths}
    names = _names(paths)
    parts = sorted({(file.role, file.official or "") for file in files})
    return json_digest([sorted((names[path], content) for path, content in contents.items()), parts, settings.span])


def _names(paths: list[str]) -> dict[str, str]:
    """What files are called wherever their folder lies: a URL says it all."""
    local = [path for path in paths if not storage.is_url(path)]
    root = os.path.commonpath([os.path.dirname(path) for path in local]) if local else ""
    return {path: path if storage.is_url(path) else os.path.relpath(path, root) for path in paths}
