from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.page.excerpts import cut, pieces, visible, visible_lines


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=60))
def test_nothing_is_left_that_a_terminal_would_obey(text: str):
    shown = visible(text)
    assert all(unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in shown)
    shown.encode()


def test_lines_stay_lines():
    assert visible_lines("a\n\x1b[2Jb\r\u2028c") == "a\n\\x1b[2Jb\\r\\u2028c"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, naïve 漢字 😀", "plain text, naïve 漢字 😀"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\u202etxt", "\\u202etxt"),
        ("\udce9", "\\udce9"),
        ("\u200d", "\\u200d"),
    ],
)
def test_what_cannot_be_seen_is_spelled_out(text: str, shown: str):
    assert visible(text) == shown


def test_a_page_keeps_what_joins_emoji():
    assert list(pieces("\U0001f468\u200d\U0001f469\x07", with_joiners=True)) == [
        ("\U0001f468\u200d\U0001f469", False),
        ("\\x07", True),
    ]


def test_only_beginnings():
    assert cut("x" * 280) == "x" * 280
    assert cut("x" * 281) == "x" * 279 + "…"
