"""Which groups of people a text names, by terms: what metrics of unintended bias are sliced by."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from components.evaluator.names import IDENTITY


class Identities:
    """Finds the groups of a text. Terms are whole words, in any case; one of several words may span a line break."""

    def __init__(self, terms: Mapping[str, Sequence[str]]) -> None:
        """
        Args:
            terms: of each group, by its name.
        """
        self.names = tuple(terms)
        self._patterns = [_pattern(of_group) for of_group in terms.values()]

    def bits(self, *texts: str) -> int:
        """A bit for each group that one of the texts names: the first group's is the lowest."""
        named = (any(pattern.search(text) for text in texts) for pattern in self._patterns)
        return sum(1 << place for place, is_named in enumerate(named) if is_named)

    def slices(self, bits: int) -> list[str]:
        """The slices of a row with those bits."""
        return [f"{IDENTITY}={name}" for place, name in enumerate(self.names) if bits >> place & 1]


def _pattern(terms: Sequence[str]) -> re.Pattern[str]:
    words = "|".join(r"\s+".join(map(re.escape, term.split())) for term in terms)
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
