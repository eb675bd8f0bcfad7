"""Numbers as files keep them."""

from __future__ import annotations


def rounded(value: float | None, digits: int) -> float | None:
    """The value with so many decimals; None where nobody knows it."""
    return None if value is None else round(value, digits)
