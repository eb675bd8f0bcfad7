"""By which version a pipeline was compiled: the image of another one may not understand its steps."""

from __future__ import annotations

from importlib import metadata


def sdk_version() -> str:
    """Bertline's version, as it is written into what it compiles."""
    return f"bertline-{metadata.version('bertline')}"
