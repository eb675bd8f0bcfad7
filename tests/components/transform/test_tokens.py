from __future__ import annotations

import pytest
import tensorflow as tf
import tensorflow_text as tf_text

from components.encoders.inspect import inspect_encoder
from components.encoders.vocabulary import Vocabulary, read_vocabulary
from components.example_gen.normalise import without_breaks
from components.transform.tokens import TextToTokens, Truncation, clean, truncate

SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
TINY = Vocabulary((*SPECIALS, "a", "b", "##b", "good", "!"), lower_case=True)
AMAZING = [101, 2023, 2003, 2107, 2019, 6429, 3185, 999, 102]

HOSTILE = [
    "", " \t\n\r ", "\x00", "a\x00b", "tab\tand\x85C1", "zero\u200bwidth\u200djoiner", "soft\u00adhyphen",
    "Café naïve ÀÉÎ", "日本語です", "안녕 하세요", "مرحبا بالعالم", "हिन्दी", "😀👩‍👩‍👧 ok", "ﬁne Ａ ①", "İstanbul ǅ ß",
    "\ufeffBOM", "\ufffd replaced", "a\u202eright to left", "[CLS] [SEP] [MASK] [PAD]", "##ing ##", "e\u0301 vs é",
    "x" * 101, "x" * 100_000, "don't—stop…“quoted”", "$ + < = > ^ ` | ~", "1,234.56%", "http://a.b/c?d=e&f#g",
]  # fmt: skip


@pytest.fixture(scope="module")
def uncased(embedded_encoder) -> Vocabulary:
    """The 30,522 pieces of bert_en_uncased, which MiniLM shares."""
    return read_vocabulary(inspect_encoder(embedded_encoder), None, None)


def ids(text, vocabulary, max_tokens=128, side="head") -> list[int]:
    return TextToTokens(vocabulary, Truncation(max_tokens, side))(tf.constant([text])).to_list()[0]


def test_the_known_answer_of_bert_en_uncased_preprocess(uncased):
    assert ids("this is such an amazing movie!", uncased) == AMAZING
    assert ids("This is SUCH an amazing movie!", uncased) == AMAZING


def test_html_breaks_are_spaces(uncased):
    plain = ids("this is such an amazing movie!", uncased)
    assert ids("this is<br />such<br/>an <BR>amazing< br >movie!", uncased) == plain
    assert ids("this is<br\n/>such<\tbR>an <br><br>amazing<br  / >movie!", uncased) == plain


@pytest.mark.parametrize(
    "between", ["", " ", "\t", "\n", "\f", "\r", "\v", "\x1c", "\x85", "\u00a0", "\u2028", "\u3000", "x"]
)
@pytest.mark.parametrize("form", ["a<{}br>b", "a<br{}>b", "a<bR{}/{}>b", "a<Br/{}>b", "a<br>{}<br/>b", "a<br{}"])
def test_a_line_break_is_the_same_to_identity_and_to_tokens(form, between):
    text = form.replace("{}", between)
    assert clean(tf.constant([text])).numpy()[0].decode() == without_breaks(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_become_the_ids_of_tensorflow_texts_reference_tokenizer(uncased, text, tmp_path):
    vocab_file = tmp_path / "vocab.txt"
    vocab_file.write_text("\n".join(uncased.tokens), encoding="utf-8")
    reference = tf_text.BertTokenizer(str(vocab_file), lower_case=True).tokenize([text]).merge_dims(1, 2)
    assert ids(text, uncased, max_tokens=1_000_000) == [101, *reference.to_list()[0], 102]


@pytest.mark.parametrize("text", [b"\xff\xfe", b"a\xc3", b"\xed\xa0\x80 surrogate", bytes(range(256))])
def test_bytes_that_are_no_utf8_do_not_stop_the_graph_nor_hide_the_words_around_them(uncased, text):
    around = ids(b"amazing " + text + b" movie", uncased)
    assert around[0] == 101
    assert {6429, 3185, 102} <= set(around)


def test_an_empty_text_is_cls_sep():
    assert ids("", TINY) == [2, 3]


def test_no_text_at_all_gives_no_rows():
    assert TextToTokens(TINY, Truncation(8, "head"))(tf.constant([], tf.string)).to_list() == []


def test_unknown_words_are_unk_and_pieces_are_joined():
    assert ids("abb zebra good!", TINY) == [2, 5, 7, 7, 1, 8, 9, 3]


def test_casing_is_the_vocabularys():
    cased = Vocabulary(TINY.tokens, lower_case=False)
    assert ids("Good good", cased) == [2, 1, 8, 3]
    assert ids("Good good", TINY) == [2, 8, 8, 3]


@pytest.mark.parametrize(
    ("side", "kept"),
    [("head", [0, 1, 2, 3, 4]), ("tail", [5, 6, 7, 8, 9]), ("head_tail", [0, 1, 7, 8, 9])],
)
def test_a_long_text_keeps_the_side_asked_for(side, kept):
    truncation = Truncation(max_tokens=7, side=side)
    rows = tf.ragged.constant([list(range(10)), [0, 1, 2, 3, 4], [5], []], dtype=tf.int64)
    assert truncate(rows, truncation).to_list() == [kept, [0, 1, 2, 3, 4], [5], []]


@pytest.mark.parametrize("side", ["head", "tail", "head_tail"])
@pytest.mark.parametrize("words", [0, 1, 5, 6, 7, 8, 1000])
def test_specials_frame_every_text_and_the_limit_holds(side, words):
    row = ids("good " * words, TINY, max_tokens=8, side=side)
    assert row == [2, *[8] * min(words, 6), 3]


def test_clean_leaves_other_text_as_it_is():
    texts = ["<b>bold</b> a < b", "línea\nnueva", "<brand>"]
    assert [text.decode() for text in clean(tf.constant(texts)).numpy()] == texts
