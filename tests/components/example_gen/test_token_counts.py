from __future__ import annotations

import pytest
import tensorflow as tf

from components.encoders.vocabulary import SentencePieces, Vocabulary
from components.example_gen.token_counts import TokenCounter
from components.transform.tokens import PairToTokens, TextToTokens, Truncation
from tests.components.encoders.pieces import tiny_model

TINY = Vocabulary(("[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "film", "##s", "!"), lower_case=True)


@pytest.fixture(scope="module")
def count():
    return TokenCounter(TINY)


def test_counts_are_those_of_the_tokens_that_transform_makes(count):
    texts = ["good films!", "", "Good<br />FILM", "odd film", "x" * 1000, "\U0001f600 good"]
    to_tokens = TextToTokens(TINY, Truncation(10_000, "head"))
    expected = to_tokens(tf.constant(texts)).to_list()
    for counted, tokens in zip(count(texts), expected, strict=True):
        pieces = tokens[1:-1]
        assert counted.tokens == len(tokens)
        assert counted.unknown_rate == pytest.approx(pieces.count(1) / len(pieces) if pieces else 0)


def test_a_pair_has_the_tokens_of_both_and_a_separator_more(count):
    [counted] = count(["good film"], ["odd films"])
    assert counted == (2 + 3 + 3, 1 / 5)


def test_no_texts(count):
    assert count([]) == []


def test_counts_of_a_sentencepiece_model_are_those_of_the_tokens_that_transform_makes():
    vocabulary = SentencePieces(tiny_model(), lower_case=True)
    texts, pairs = ["Good film", "", "日本 good"], ["bad", "a", ""]
    tokens = TextToTokens(vocabulary, Truncation(1000, "head"))(tf.constant(texts)).to_list()
    count = TokenCounter(vocabulary)
    counted = count(texts)
    assert [each.tokens for each in counted] == [len(row) for row in tokens]
    assert [each.unknown_rate for each in counted] == pytest.approx([0, 0, tokens[2].count(1) / len(tokens[2][1:-1])])
    packed, _ = PairToTokens(vocabulary, Truncation(1000, "head"))(tf.constant(texts), tf.constant(pairs))
    assert [each.tokens for each in count(texts, pairs)] == packed.row_lengths().numpy().tolist()
