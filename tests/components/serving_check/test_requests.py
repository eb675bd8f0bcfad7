from __future__ import annotations

import pytest

from components.errors import DataError
from components.serving_check.requests import HOSTILE, hostile, read_texts
from tests.components.serving_check.candidates import write_examples

TEXTS = [f"text {number}".encode() for number in range(10)]


def test_the_first_texts_of_the_split_are_read(tmp_path):
    assert read_texts([write_examples(tmp_path, TEXTS)], "test", 3) == (TEXTS[:3], None)


def test_a_smaller_split_is_read_whole(tmp_path):
    assert read_texts([write_examples(tmp_path, TEXTS)], "test", 200) == (TEXTS, None)


def test_a_split_without_texts_is_an_error_with_its_remedy(tmp_path):
    examples = write_examples(tmp_path, TEXTS)
    with pytest.raises(DataError, match=r"the split train has no text to serve; raise data.splits.train"):
        read_texts([examples], "train", 3)


def test_the_hostile_texts_are_what_their_names_say():
    assert HOSTILE["empty text"] == b""
    assert not HOSTILE["white space"].decode().strip()
    assert len(HOSTILE["1 MB of text"]) == 1 << 20
    with pytest.raises(UnicodeDecodeError):
        HOSTILE["bytes that are no UTF-8"].decode()
    assert len(HOSTILE["10,000 words"].split()) == 10_000
    assert not HOSTILE["control characters"].decode().isprintable()
    assert len(HOSTILE["a word of 100,000 characters"].split()[0]) == 100_000


def test_of_pairs_both_texts_are_read(tmp_path):
    pairs = [text[::-1] for text in TEXTS]
    assert read_texts([write_examples(tmp_path, TEXTS, pairs)], "test", 2) == (TEXTS[:2], pairs[:2])


def test_a_hostile_text_stands_in_either_place_of_a_pair():
    assert hostile(pair=False) == {what: (text, None) for what, text in HOSTILE.items()}
    asked = hostile(pair=True)
    assert len(asked) == 2 * len(HOSTILE)
    for what, text in HOSTILE.items():
        assert asked[what][0] == text
        assert asked[f"{what} as second text"][1] == text
