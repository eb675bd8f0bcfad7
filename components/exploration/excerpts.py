"""The beginning of a text, and what is known of the whole."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Excerpt:
    """The beginning of a text, as it is (not yet fit for a terminal), and what is known of the whole."""

    id: str
    text: str
    text_pair: str | None
    labels: tuple[str, ...]
    split: str
    words: int
    characters: int
    tokens: int
