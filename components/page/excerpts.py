"""The beginnings of texts, fit to be shown: what a terminal or a page would obey is spelled out instead."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator

SHOWN_CHARACTERS = 280
_JOINERS = "\u200c\u200d"  # between letters of Persian and parts of emoji; they order nothing and hide nothing
# Unicode 15, section 4.5: controls, formats (among them the marks of direction), surrogates, private use, not
# assigned, separators of lines and paragraphs.
_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def cut(text: str, characters: int = SHOWN_CHARACTERS) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


def pieces(text: str, *, with_joiners: bool = False) -> Iterator[tuple[str, bool]]:
    r"""The text in pieces that may be shown, each with whether it is spelled out: ("\\x1b", True) is the escape key.

    Args:
        text: any text.
        with_joiners: whether U+200C and U+200D stay as they are: browsers draw them, terminals lose count of columns.
    """
    for is_unshown, group in itertools.groupby(text, lambda character: _is_unshown(character, with_joiners)):
        if is_unshown:
            yield "".join(map(_spelled, group)), True
        else:
            yield "".join(group), False


def visible(text: str) -> str:
    """The text on a terminal's single line, everything spelled out that is no visible character or space."""
    return "".join(piece for piece, _ in pieces(text))


def visible_lines(text: str) -> str:
    """The text on a terminal, in its own lines, all else spelled out as `visible` does."""
    return "\n".join(map(visible, text.split("\n")))


def _is_unshown(character: str, with_joiners: bool) -> bool:
    if with_joiners and character in _JOINERS:
        return False
    return unicodedata.category(character) in _UNSHOWN


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
