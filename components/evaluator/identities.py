"""Which groups of people a text names, by terms: what metrics of unintended bias are sliced by."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from components.combining_marks import marks
from components.evaluator.names import IDENTITY
from components.example_gen.normalise import normalise

# Scripts that put no spaces between words: Thai, Lao, Tibetan, Burmese, Khmer, kana and ideographs. A term of theirs is
# found wherever it stands.
_UNSPACED = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)


class Identities:
    """Finds the groups of a text. Terms are whole words, as the data's duplicates are told by: in any case and Unicode
    form, with white space and line breaks of HTML alike.
    """

    def __init__(self, terms: Mapping[str, Sequence[str]]) -> None:
        """
        Args:
            terms: of each group, by its name.
        """
        self.names = tuple(terms)
        self._patterns = [_pattern(of_group) for of_group in terms.values()]

    def bits(self, *texts: str) -> int:
        """A bit for each group that one of the texts names: the first group's is the lowest."""
        normal = [normalise(text) for text in texts]
        named = (any(pattern.search(text) for text in normal) for pattern in self._patterns)
        return sum(1 << place for place, is_named in enumerate(named) if is_named)

    def slices(self, bits: int) -> list[str]:
        """The slices of a row with those bits."""
        return [f"{IDENTITY}={name}" for place, name in enumerate(self.names) if bits >> place & 1]


def _pattern(terms: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(_whole_word(normalise(term)) for term in terms))


def _whole_word(term: str) -> str:
    part = _part_of_word()
    before = rf"(?<!{part})" if re.match(part, term) else ""
    after = rf"(?!{part})" if re.search(rf"{part}\Z", term) else ""
    return before + re.escape(term) + after


def _part_of_word() -> str:
    """A letter, a digit, or a mark on one, of a script that puts spaces between words."""
    return rf"(?:(?![{_UNSPACED}])[\w{marks()}])"
