from __future__ import annotations

import pickle

import pytest

from components.encoders.catalogue import Tokenizer
from components.encoders.inspect import EncoderInfo, inspect_encoder
from components.encoders.vocabulary import SentencePieces, Vocabulary, read_vocabulary
from components.errors import EncoderError
from tests.components.encoders.pieces import processor, tiny_model
from tests.tiny_encoder import VOCABULARY, write_tiny_encoder

TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "##s"]


def info(size=6, vocab_file=None, lower_case: bool | None = True, tokenizer: Tokenizer = "wordpiece") -> EncoderInfo:
    return EncoderInfo(size, 128, vocab_file, lower_case, tokenizer)


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
        (TOKENS[:-1], r"has 5 pieces, but the encoder has 6: its table .*"),
        ([*TOKENS, "more"], r"has 7 pieces, but the encoder has 6: .*"),
        (["good", "[UNK]", "[CLS]", "bad", "##s", "x"], r"lacks \[PAD\], \[SEP\]"),
        ([*TOKENS[:-1], "good"], r"line 6: 'good' again"),
        ([*TOKENS[:4], "", "good"], r"line 5: empty"),
        ([*TOKENS[:4], "##", "good"], r"line 5: '##' can be no piece"),
        ([*TOKENS[:4], "a\0b", "good"], r"line 5: 'a\\x00b' can be no piece"),
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


def test_the_ids_of_a_word_piece_vocabulary():
    vocabulary = Vocabulary(tuple(TOKENS), True)
    ids = (vocabulary.pad_id, vocabulary.unk_id, vocabulary.cls_id, vocabulary.sep_id, vocabulary.size)
    assert ids == (0, 1, 2, 3, 6)


@pytest.fixture
def model(tmp_path):
    (tmp_path / "spiece.model").write_bytes(tiny_model())
    return tmp_path / "spiece.model"


SIZE = processor(tiny_model()).get_piece_size()


def test_an_albert_brings_a_sentencepiece_model(model):
    pieces = read_vocabulary(info(SIZE, model, True, "sentencepiece"), None, None)
    assert pieces == SentencePieces(tiny_model(), True)
    assert pieces.size == len(pieces.tokens) == SIZE
    reference = processor(tiny_model())
    ids = (pieces.pad_id, pieces.unk_id, pieces.cls_id, pieces.sep_id)
    assert ids == tuple(reference.piece_to_id(name) for name in ("<pad>", "<unk>", "[CLS]", "[SEP]"))
    assert pickle.loads(pickle.dumps(pieces)) == pieces


def test_a_model_may_be_named_where_the_encoder_brings_none(model):
    assert isinstance(read_vocabulary(info(SIZE), str(model), False), SentencePieces)


def test_another_kind_of_vocabulary_than_the_encoders_is_refused(model, tmp_path):
    words = write(tmp_path / "vocab.txt")
    with pytest.raises(EncoderError, match=r"reads texts by a SentencePiece model"):
        read_vocabulary(info(6, model, True, "sentencepiece"), str(words), None)
    with pytest.raises(EncoderError, match=r"reads texts by a vocab\.txt"):
        read_vocabulary(info(SIZE, words), str(model), None)


def test_a_model_that_does_not_fit_the_word_table_is_refused(model):
    with pytest.raises(EncoderError, match=rf"has {SIZE} pieces, but the encoder has 30000: .*set encoder\.vocab_file"):
        read_vocabulary(info(30000, model, True, "sentencepiece"), None, None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[PAD]\n[UNK]\n", "is no SentencePiece model"),
        (b"", "is no SentencePiece model"),
        (tiny_model(controls="[CLS]"), r"lacks \[SEP\]"),
        (tiny_model(pad="[PAD]"), "lacks <pad>"),
    ],
)
def test_what_is_no_model_of_an_albert_is_refused(tmp_path, content, message):
    (tmp_path / "spiece.model").write_bytes(content)
    with pytest.raises(EncoderError, match=message + r".*; set encoder\.vocab_file to the SentencePiece model"):
        read_vocabulary(info(SIZE, tmp_path / "spiece.model", True, "sentencepiece"), None, None)


def test_a_model_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(EncoderError, match=r"gone\.model cannot be read"):
        read_vocabulary(info(SIZE, tmp_path / "gone.model", True, "sentencepiece"), None, None)
