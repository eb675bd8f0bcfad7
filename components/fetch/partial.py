"""What a download that was cut off has left, and how the server is asked for the rest of the very same file.

RFC 9110, 13.1.5 (If-Range) and 14 (range requests).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

from components.fetch.addresses import fingerprint


class Partial:
    """The file NAME.part and, beside it, of which version of which address it is. Only downloads write to them."""

    def __init__(self, target: Path, url: str) -> None:
        self.path = target.with_name(f"{target.name}.part")
        self._notes = self.path.with_name(f"{self.path.name}.json")
        self._address = fingerprint(url)

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def request(self) -> dict[str, str]:
        """The headers that ask for the rest; none where the server could not tell whether the file has changed."""
        validator = self._validator()
        if not self.size or validator is None:
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": validator}

    def note(self, headers: Mapping[str, str]) -> None:
        """Keeps what the server calls this version of the file, of which nothing else may be there any more.

        A weak ETag promises no equal bytes.
        """
        etag = headers.get("ETag", "")
        validator = etag if etag and not etag.startswith("W/") else headers.get("Last-Modified")
        self._notes.write_text(json.dumps({"address": self._address, "validator": validator}), encoding="utf-8")

    def discard(self) -> None:
        """Forgets what there is."""
        self.path.unlink(missing_ok=True)
        self.forget_notes()

    def forget_notes(self) -> None:
        """Removes what is of no use once the file is whole."""
        self._notes.unlink(missing_ok=True)

    def _validator(self) -> str | None:
        with contextlib.suppress(OSError, ValueError, AttributeError):  # no notes, or broken ones: begin again
            notes = json.loads(self._notes.read_text(encoding="utf-8"))
            return notes.get("validator") if notes.get("address") == self._address else None
        return None
