"""What archive.org tells of its files (https://archive.org/developers/md-read.html): size and MD5."""

from __future__ import annotations

import contextlib
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from components.fetch.catalogue import Official, WebFile


def published(client: httpx.Client, file: WebFile) -> Official:
    """Size and checksum of a file of archive.org's; what it does not tell, or cannot, is unknown."""
    # Without metadata the file is still worth having: its own size is checked then.
    with contextlib.suppress(httpx.HTTPError, ValueError, TypeError, AttributeError, KeyError):
        parts = urlsplit(file.url)
        response = client.get(f"{parts.scheme}://{parts.netloc}/metadata/{quote(str(file.item))}/files")
        response.raise_for_status()
        return _official(response.json()["result"], file.name)
    return Official()


def _official(files: list[dict[str, Any]], name: str) -> Official:
    entry = next((entry for entry in files if entry["name"] == name), {})
    size = entry.get("size")
    return Official(size=None if size is None else int(size), md5=entry.get("md5"))
