from __future__ import annotations

import hashlib
import re

import pytest

from components.example_gen.normalise import id_of_normalised, normalise, text_id, without_breaks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  A  film\tto\r\n see ", "a film to see"),
        ("One.<br /><br />Two<BR>three< br/ >four", "one. two three four"),
        ("<br />\n<br>", ""),
        ("a<\n br\t/ >b< BR>c", "a b c"),
        ("Straße", "strasse"),
        ("Cafe\u0301", "café"),
        ("\ufb01lm \uff26\uff29\uff2c\uff2d ²", "film film 2"),
        ("non\u00a0breaking\u3000space", "non breaking space"),
        ("a <b>bold</b> claim, 1 < 2", "a <b>bold</b> claim, 1 < 2"),
    ],
)
def test_normalise(text, expected):
    assert normalise(text) == expected


@pytest.mark.parametrize("text", ["İstanbul", "ΌΣΟΣ", "\u1e9e\u0323\u0307", "ǰ̣", "x <BR/> Y", "＜br＞"])
def test_normalise_is_idempotent(text):
    assert normalise(normalise(text)) == normalise(text)


def test_without_breaks_leaves_the_rest_as_it_is():
    assert without_breaks("A<br />B  <i>C</i>") == "A B  <i>C</i>"


def test_text_id_is_the_blake2b_of_the_normal_form():
    expected = hashlib.blake2b(b"a film", digest_size=16).hexdigest()
    assert text_id(" A<br/>FILM\n") == id_of_normalised("a film") == expected
    assert re.fullmatch("[0-9a-f]{32}", expected)


def test_text_id_is_frozen():
    # Splits depend on it: another value would move texts that a served model was trained on into its test split.
    assert text_id("This is such an amazing movie!") == "ce611af02ac6dfe3ecb959a7cb8c7a5e"


def test_texts_that_differ_have_different_ids():
    assert len({text_id(text) for text in ("good film", "goodfilm", "good film!", "a good film")}) == 4
