"""How many rows a request may have."""

from __future__ import annotations

from serving.server.errors import resource_exhausted


def check_rows(rows: int, most: int) -> None:
    """Raises ServingError, RESOURCE_EXHAUSTED, where there are more rows than are taken."""
    if rows > most:
        raise resource_exhausted(f"The request has {rows} rows, and this server takes {most}; send it in parts.")
