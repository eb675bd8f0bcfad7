"""A JSON object out of a checkpoint's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from components.errors import EncoderError


def read_object(file: Path, remedy: str) -> dict[str, Any]:
    """The object in a JSON file. Raises EncoderError, with the remedy, where it cannot be read or holds another."""
    try:
        content = json.loads(file.read_bytes())
    except OSError as error:
        raise EncoderError(f"{file} cannot be read ({error.strerror}); {remedy}") from error
    except ValueError as error:
        raise EncoderError(f"{file} is no JSON ({error}); {remedy}") from error
    if not isinstance(content, dict):
        raise EncoderError(f"{file} holds no JSON object; {remedy}")
    return content
