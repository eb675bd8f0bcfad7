from __future__ import annotations

import pytest

from components.encoders.inspect import EncoderInfo, inspect_encoder
from components.encoders.vocabulary import Vocabulary, read_vocabulary
from components.errors import EncoderError
from tests.tiny_encoder import VOCABULARY, write_tiny_encoder

TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "##s"]


def info(size=6, vocab_file=None, lower_case: bool | None = True) -> EncoderInfo:
    return EncoderInfo(size, 128, vocab_file, lower_case)


def write(path, tokens=TOKENS, end="\n"):
    path.write_bytes(("".join(token + end for token in tokens)).encode())
    return path


@pytest.mark.parametrize("lower_case", [True, False])
def test_an_encoder_brings_its_own(tmp_path, lower_case):
    folder = write_tiny_encoder(tmp_path / "encoder", lower_case=lower_case)
    assert read_vocabulary(inspect_encoder(folder), None, None) == Vocabulary(VOCABULARY, lower_case)


def test_minilms_is_bert_base_uncaseds(embedded_encoder):
    vocabulary = read_vocabulary(inspect_encoder(embedded_encoder), None, None)
    assert len(vocabulary.tokens) == 30522
    assert vocabulary.lower_case
    assert vocabulary.tokens[2023] == "this"
    assert [vocabulary.tokens.index(token) for token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]")] == [0, 100, 101, 102]


def test_overrides_win(tmp_path):
    own, other = write(tmp_path / "own.txt"), write(tmp_path / "other.txt", [*TOKENS[:-1], "##ed"])
    assert read_vocabulary(info(vocab_file=own), str(other), None).tokens[-1] == "##ed"
    assert read_vocabulary(info(vocab_file=own), None, False) == Vocabulary(tuple(TOKENS), False)
    assert read_vocabulary(info(lower_case=None), str(own), True) == Vocabulary(tuple(TOKENS), True)


def test_windows_line_ends_and_a_missing_last_one_are_read(tmp_path):
    assert read_vocabulary(info(), str(write(tmp_path / "dos.txt", end="\r\n")), None).tokens == tuple(TOKENS)
    (tmp_path / "short.txt").write_text("\n".join(TOKENS))
    assert read_vocabulary(info(), str(tmp_path / "short.txt"), None).tokens == tuple(TOKENS)


def test_pieces_may_be_characters_that_end_lines_elsewhere(tmp_path):
    tokens = [*TOKENS, "\u2028", "\x85"]
    assert read_vocabulary(info(8), str(write(tmp_path / "v.txt", tokens)), None).tokens == tuple(tokens)


def test_nothing_found_names_the_key():
    with pytest.raises(EncoderError, match=r"brings no vocabulary; set encoder\.vocab_file"):
        read_vocabulary(info(), None, None)


def test_unknown_casing_names_the_key(tmp_path):
    with pytest.raises(EncoderError, match=r"casing; set encoder\.lower_case"):
        read_vocabulary(info(lower_case=None), str(write(tmp_path / "v.txt")), None)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (TOKENS[:-1], r"has 5 pieces, but the encoder has 6"),
        ([*TOKENS, "more"], r"has 7 pieces, but the encoder has 6"),
        (["good", "[UNK]", "[CLS]", "bad", "##s", "x"], r"lacks \[PAD\], \[SEP\]"),
        ([*TOKENS[:-1], "good"], r"line 6: 'good' again"),
        ([*TOKENS[:4], "", "good"], r"line 5: empty"),
        ([], r"lacks \[PAD\], \[UNK\], \[CLS\], \[SEP\]"),
    ],
)
def test_a_vocabulary_that_does_not_fit_is_refused(tmp_path, tokens, message):
    file = write(tmp_path / "v.txt", tokens)
    with pytest.raises(EncoderError, match=message + r"; set encoder\.vocab_file") as refusal:
        read_vocabulary(info(), str(file), None)
    assert str(file) in str(refusal.value)


def test_a_vocabulary_that_is_not_utf_8_is_refused_with_its_line(tmp_path):
    (tmp_path / "v.txt").write_bytes("\n".join(TOKENS[:4]).encode() + b"\ngo\xffod\n##s\n")
    with pytest.raises(EncoderError, match=r"v\.txt, line 5: not UTF-8; set encoder\.vocab_file"):
        read_vocabulary(info(), str(tmp_path / "v.txt"), None)


def test_a_vocabulary_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(EncoderError, match=r"gone\.txt cannot be read .*; set encoder\.vocab_file"):
        read_vocabulary(info(), str(tmp_path / "gone.txt"), None)
