from __future__ import annotations

import dataclasses
import functools
import unicodedata

import pytest
import tensorflow as tf
import tensorflow_text as tf_text
from hypothesis import given, settings
from hypothesis import strategies as st

from components.encoders.inspect import inspect_encoder
from components.encoders.vocabulary import AnyVocabulary, SentencePieces, Vocabulary, read_vocabulary
from components.example_gen.normalise import without_breaks
from components.serving_check.operators import unlinked
from components.serving_check.releases import RELEASES
from components.transform.tokens import (
    PairToTokens,
    TextToPieces,
    TextToTokens,
    Truncation,
    clean,
    truncate,
    truncate_pair,
)
from tests.components.encoders.pieces import processor, tiny_model

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
def uncased(embedded_encoder) -> AnyVocabulary:
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


@pytest.mark.parametrize("lower_case", [False, True])
def test_what_is_compiled_once_is_what_the_tokenizer_would_compile(uncased, lower_case):
    stock = tf_text.FastBertTokenizer(vocab=list(uncased.tokens), lower_case_nfd_strip_accents=lower_case)
    ours = TextToPieces(dataclasses.replace(uncased, lower_case=lower_case))
    texts = tf.constant(HOSTILE)
    for _ in range(2):  # compiled, and taken from what was
        assert ours(texts).to_list() == stock.tokenize(clean(texts)).to_list()


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


@pytest.fixture(scope="module")
def cased(uncased) -> Vocabulary:
    """A cased vocabulary that has every character of the hostile texts, alone and as the rest of a word."""
    characters = [c for c in {*"".join(HOSTILE)} if not c.isspace() and c != "\0"]
    more = [form for c in sorted(characters) for form in (c, f"##{c}")]
    words = ["Café", "É", "Über", "NAÏVE", "日本"]
    return Vocabulary(tuple(dict.fromkeys((*uncased.tokens, *more, *words))), lower_case=False)


@pytest.mark.parametrize("text", [*HOSTILE, "Café É Über É", "Naïve Good NAÏVE", "日本語 Ünïcode"])
def test_cased_texts_keep_case_and_accents_as_in_tensorflow_texts_reference_tokenizer(cased, text, tmp_path):
    vocab_file = tmp_path / "vocab.txt"
    vocab_file.write_text("\n".join(cased.tokens), encoding="utf-8")
    reference = tf_text.BertTokenizer(str(vocab_file), lower_case=False).tokenize([text]).merge_dims(1, 2)
    assert ids(text, cased, max_tokens=1_000_000) == [101, *reference.to_list()[0], 102]


def test_a_cased_vocabularys_capitals_and_accents_are_found(cased):
    row = ids("Café É Über", cased)
    assert [cased.tokens[number] for number in row] == ["[CLS]", "Café", "É", "Über", "[SEP]"]


ALBERT = SentencePieces(tiny_model(), lower_case=True)


def folded(text: str) -> str:
    """What albert_en_preprocess makes of a text first; Unicode's NFKC_Casefold drops what formats and is not seen."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(c for c in decomposed if unicodedata.category(c) not in {"Mn", "Cf"}).casefold()


@pytest.mark.parametrize(
    "text", [*[each for each in HOSTILE if len(each) < 1000], "The Movie", "CAFÉ naïve", "good  \t film"]
)
def test_albert_reads_texts_as_sentencepiece_does_without_case_and_accents(text):
    assert ids(text, ALBERT, max_tokens=1_000_000) == [2, *processor(ALBERT.model).encode(folded(text)), 3]


def test_a_cased_sentencepiece_model_is_given_texts_as_they_are():
    text = "The Café"
    assert ids(text, SentencePieces(ALBERT.model, False)) == [2, *processor(ALBERT.model).encode(text), 3]


@pytest.mark.parametrize("text", [b"\xff\xfe", b"a\xc3", bytes(range(256))])
def test_bytes_that_are_no_utf8_do_not_stop_sentencepiece(text):
    assert ids(b"good " + text, ALBERT)[:1] == [2]


def test_the_pieces_of_no_text_at_all():
    assert TextToPieces(ALBERT)(tf.constant([], tf.string)).to_list() == []


def kept_of(row: list[int], count: int, side: str) -> list[int]:
    head = {"head": count, "tail": 0, "head_tail": count // 2}[side]
    return row if len(row) <= count else row[:head] + row[len(row) - (count - head) :]


def shortened(first: list[int], second: list[int], room: int, side: str) -> tuple[list[int], list[int]]:
    """One token after the other from the longer text, from the second where they are equally long."""
    lengths = [len(first), len(second)]
    while sum(lengths) > room:
        lengths[0 if lengths[0] > lengths[1] else 1] -= 1
    return kept_of(first, lengths[0], side), kept_of(second, lengths[1], side)


rows = st.integers(0, 30).map(lambda length: list(range(5, 5 + length)))


@settings(deadline=None, max_examples=150)
@given(
    pairs=st.lists(st.tuples(rows, rows), min_size=1, max_size=6),
    max_tokens=st.integers(3, 40),
    side=st.sampled_from(["head", "tail", "head_tail"]),
)
def test_of_a_pair_the_longer_text_gives_way_first(pairs, max_tokens, side):
    first, second = (tf.ragged.constant([pair[index] for pair in pairs], tf.int64, ragged_rank=1) for index in (0, 1))
    kept, other = truncate_pair(first, second, Truncation(max_tokens, side))
    expected = [shortened(one, other_one, max_tokens - 3, side) for one, other_one in pairs]
    assert list(zip(kept.to_list(), other.to_list(), strict=True)) == expected


@functools.cache
def pair_packer(side: str, max_tokens: int):
    packer = PairToTokens(TINY, Truncation(max_tokens, side))
    return tf.function(packer, input_signature=[tf.TensorSpec([None], tf.string)] * 2)


@settings(deadline=None, max_examples=60)
@given(
    words=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=5),
    max_tokens=st.sampled_from([8, 9, 13, 40]),
    side=st.sampled_from(["head", "tail", "head_tail"]),
)
def test_a_pair_is_packed_as_bert_has_it(words, max_tokens, side):
    texts = [["a good ! " * 5 for _ in words], ["! a " * 6 for _ in words]]
    texts = [
        [" ".join(text.split()[: count[index]]) for text, count in zip(texts[index], words, strict=True)]
        for index in (0, 1)
    ]
    ids_, types = pair_packer(side, max_tokens)(*(tf.constant(each, tf.string) for each in texts))
    number = {"a": 5, "good": 8, "!": 9}
    for row, kinds, text, pair in zip(ids_.to_list(), types.to_list(), *texts, strict=True):
        numbers, others = ([number[word] for word in each.split()] for each in (text, pair))
        first, second = shortened(numbers, others, max_tokens - 3, side)
        assert row == [2, *first, 3, *second, 3]
        assert kinds == [0] * (len(first) + 2) + [1] * (len(second) + 1)
        assert len(row) <= max_tokens


def test_a_pair_of_empty_texts_and_no_pair_at_all():
    packer = PairToTokens(TINY, Truncation(8, "head"))
    ids_, types = packer(tf.constant([""]), tf.constant([""]))
    assert (ids_.to_list(), types.to_list()) == ([[2, 3, 3]], [[0, 0, 1]])
    nothing = tf.constant([], tf.string)
    assert [ragged.to_list() for ragged in packer(nothing, nothing)] == [[], []]


@pytest.mark.parametrize("side", ["head", "tail", "head_tail"])
@pytest.mark.parametrize("vocabulary", [TINY, ALBERT], ids=["wordpiece", "sentencepiece"])
def test_every_operator_is_one_that_tensorflow_serving_links(vocabulary, side):
    truncation = Truncation(16, side)
    graph = (
        tf.function(
            lambda text, pair: (
                TextToTokens(vocabulary, truncation)(text).to_sparse(),
                [ragged.to_sparse() for ragged in PairToTokens(vocabulary, truncation)(text, pair)],
            )
        )
        .get_concrete_function(*[tf.TensorSpec([None], tf.string)] * 2)
        .graph.as_graph_def()
    )
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    names = {node.op for node in nodes} - {function.signature.name for function in graph.library.function}
    assert {release: unlinked(names, release) for release in RELEASES} == {release: [] for release in RELEASES}
