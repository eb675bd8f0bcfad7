r"""Combining marks, which `\w` has none of: vowel signs of Indic scripts and Arabic, accents that are written apart.

Without them a word of Hindi falls into its consonants, and a name is found inside of another.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterator

# Of Unicode's planes those that have any: the first two, and of the fifteenth the variation selectors.
_PLACES = (range(0x20000), range(0xE0100, 0xE01F0))


@functools.cache
def marks() -> str:
    """The categories Mn, Mc and Me of Unicode, as the inside of a character class of a regular expression."""
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in _ranges())


def _ranges() -> Iterator[tuple[int, int]]:
    """First and last of each run of marks."""
    for places in _PLACES:
        is_mark = [unicodedata.category(chr(place)).startswith("M") for place in places]
        firsts = (place for place, was, now in zip(places, [False, *is_mark], is_mark, strict=False) if now and not was)
        lasts = (
            place for place, now, then in zip(places, is_mark, [*is_mark[1:], False], strict=True) if now and not then
        )
        yield from zip(firsts, lasts, strict=True)
