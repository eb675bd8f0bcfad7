"""Which texts an encoder reads well, as far as that can be told without looking at it."""

from __future__ import annotations

from typing import NamedTuple

from components.encoders import catalogue
from components.encoders.handles import EMBEDDED


class Reading(NamedTuple):
    """`languages` that the encoder learned from; `lower_case`: it takes capital and small letters as equal."""

    languages: str
    lower_case: bool


def reading_of(handle: str) -> Reading | None:
    """What the encoder with this handle reads; None where bertline does not know it."""
    if handle == EMBEDDED:
        return Reading("English", lower_case=True)
    entry = catalogue.find(handle) or catalogue.find_address(handle)
    return None if entry is None else Reading(entry.languages, entry.lower_case)
