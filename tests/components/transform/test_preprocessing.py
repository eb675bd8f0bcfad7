from __future__ import annotations

import pytest
import tensorflow as tf

from components.errors import EncoderError
from components.features import INPUT_TYPE_IDS, INPUT_WORD_IDS, TARGET, TEXT, TEXT_PAIR
from components.transform.preprocessing import preprocessing_fn
from tests.tiny_encoder import VOCABULARY

CLS, SEP, GOOD, MOVIE = (VOCABULARY.index(token) for token in ("[CLS]", "[SEP]", "good", "movie"))


@pytest.fixture
def config(tiny_encoder):
    encoder = {"handle": str(tiny_encoder), "vocab_file": None, "lower_case": None}
    return {"encoder": {**encoder, "max_tokens": 5, "truncation": "head"}}


def process(texts, config):
    """The outputs for these texts, the targets being 1, 0, 1, 0, …"""
    targets = [[1 - number % 2] for number in range(len(texts))]
    inputs = {
        TEXT: tf.reshape(tf.constant(texts, tf.string), [-1, 1]),
        TARGET: tf.reshape(tf.constant(targets, tf.int64), [-1, 1]),
    }
    return preprocessing_fn(inputs, config)


def test_outputs_are_sparse_int64_ids_and_a_dense_float32_target(config):
    outputs = process(["Good movie", "", "good " * 9], config)
    assert set(outputs) == {INPUT_WORD_IDS, TARGET}
    ids, target = outputs[INPUT_WORD_IDS], outputs[TARGET]
    assert isinstance(ids, tf.SparseTensor)
    assert isinstance(target, tf.Tensor)
    assert (ids.dtype, target.dtype) == (tf.int64, tf.float32)
    rows = [[CLS, GOOD, MOVIE, SEP, 0], [CLS, SEP, 0, 0, 0], [CLS, GOOD, GOOD, GOOD, SEP]]
    assert tf.sparse.to_dense(ids).numpy().tolist() == rows
    # Sparse means that [CLS] [SEP] is all of an empty text: the zeros above are none of its ids.
    assert ids.values.shape == [4 + 2 + 5]
    assert target.numpy().tolist() == [[1.0], [0.0], [1.0]]


def test_no_text_at_all_gives_no_rows(config):
    outputs = process([], config)
    assert outputs[INPUT_WORD_IDS].dense_shape.numpy()[0] == 0
    assert outputs[TARGET].shape == [0, 1]


def test_the_traced_outputs_have_the_same_types(config):
    """TensorFlow Transform traces it, and writes what is sparse as features of any length."""
    specs = {TEXT: tf.TensorSpec([None, 1], tf.string), TARGET: tf.TensorSpec([None, 1], tf.int64)}
    traced = tf.function(lambda inputs: preprocessing_fn(inputs, config)).get_concrete_function(specs)
    ids, target = traced.structured_outputs[INPUT_WORD_IDS], traced.structured_outputs[TARGET]
    assert isinstance(ids, tf.SparseTensor)
    assert (ids.dtype, target.dtype) == (tf.int64, tf.float32)
    assert target.shape.as_list() == [None, 1]


def test_the_overrides_of_the_configuration_win(config, tmp_path):
    vocab_file = tmp_path / "vocab.txt"
    swapped = {"good": "movie", "movie": "good"}
    vocab_file.write_text("".join(f"{swapped.get(token, token)}\n" for token in VOCABULARY))
    config["encoder"] |= {"vocab_file": str(vocab_file), "lower_case": False}
    rows = tf.sparse.to_dense(process(["good", "Good"], config)[INPUT_WORD_IDS]).numpy().tolist()
    assert rows[0][:3] == [CLS, MOVIE, SEP]
    assert rows[1] != rows[0]


def test_an_encoder_that_is_not_there_is_refused(config):
    config["encoder"]["handle"] = "/no/encoder"
    with pytest.raises(EncoderError, match=r"encoder\.handle is '/no/encoder'"):
        process(["good"], config)


def test_a_pair_has_its_ids_and_types_and_a_dense_target(config):
    specs = {name: tf.TensorSpec([None, 1], tf.string) for name in (TEXT, TEXT_PAIR)}
    specs[TARGET] = tf.TensorSpec([None, 1], tf.int64)
    config["encoder"]["max_tokens"] = 8
    traced = tf.function(lambda inputs: preprocessing_fn(inputs, {**config, "pair": True})).get_concrete_function(specs)
    inputs = {
        TEXT: tf.constant([["good"], ["Good good good good"]]),
        TEXT_PAIR: tf.constant([["movie"], ["movie movie movie movie"]]),
        TARGET: tf.constant([[1], [0]], tf.int64),
    }
    outputs = traced(inputs)
    assert set(outputs) == {INPUT_WORD_IDS, INPUT_TYPE_IDS, TARGET}
    ids, types = outputs[INPUT_WORD_IDS], outputs[INPUT_TYPE_IDS]
    assert (ids.dtype, types.dtype, outputs[TARGET].dtype) == (tf.int64, tf.int64, tf.float32)
    assert tf.RaggedTensor.from_sparse(ids).to_list() == [
        [CLS, GOOD, SEP, MOVIE, SEP], [CLS, GOOD, GOOD, GOOD, SEP, MOVIE, MOVIE, SEP],
    ]  # fmt: skip
    assert tf.RaggedTensor.from_sparse(types).to_list() == [[0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 1, 1, 1]]


def test_a_pair_is_not_asked_for_where_there_is_none(config):
    assert set(process(["good"], {**config, "pair": False})) == {INPUT_WORD_IDS, TARGET}
