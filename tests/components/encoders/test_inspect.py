from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import tensorflow as tf
import tensorflow_hub as hub
import tf_keras as keras

from components.encoders.convert import convert_checkpoint
from components.encoders.inspect import EncoderInfo, inspect_encoder
from components.errors import EncoderError
from components.features import ENCODER_INPUTS
from tests.tiny_encoder import write_tiny_checkpoint


class Positions(keras.layers.Layer):
    """As official/nlp/modeling/layers/position_embedding.py names it."""

    def build(self, input_shape):
        self.table = self.add_weight("embeddings", [64, input_shape[-1]])
        super().build(input_shape)

    def call(self, inputs):
        return inputs + self.table[: tf.shape(inputs)[1]]


def write_model_garden_export(
    folder: Path, outputs=("pooled_output", "sequence_output"), vocab: Path | None = None,
    pieces: Path | None = None, embedding_width=8, flat=False,
):  # fmt: skip
    """What TF Hub's BERTs are: a Keras model over dictionaries, saved by Keras as export_tfhub_lib.py does."""
    inputs = {name: keras.Input([None], dtype=tf.int32, name=name) for name in ENCODER_INPUTS}
    words = keras.layers.Embedding(20, embedding_width, name="word_embeddings")(inputs["input_word_ids"])
    words += keras.layers.Embedding(2, embedding_width, name="type_embeddings")(inputs["input_type_ids"])
    sequence = Positions(name="position_embedding")(words) * tf.expand_dims(
        tf.cast(inputs["input_mask"], tf.float32), -1
    )
    if embedding_width != 8:
        sequence = keras.layers.Dense(8, name="embedding_projection")(sequence)
    pooled = keras.layers.Dense(8, activation="tanh", name="pooler_transform")(sequence[:, 0])
    made = {
        "pooled_output": pooled,
        "sequence_output": pooled if flat else sequence,
        "encoder_outputs": [sequence] * 3,
        "default": pooled,
    }
    model = keras.Model(inputs, {name: made[name] for name in (*outputs, "encoder_outputs", "default")})
    if vocab is not None:
        model.vocab_file = tf.saved_model.Asset(str(vocab))
        model.do_lower_case = tf.Variable(tf.constant(False), trainable=False)
    if pieces is not None:
        model.sp_model_file = tf.saved_model.Asset(str(pieces))
    model.save(folder, include_optimizer=False, save_format="tf")
    return folder


@pytest.fixture(scope="module")
def garden(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("garden")
    (folder / "vocab.txt").write_text("[PAD]\n")
    return write_model_garden_export(folder / "encoder", vocab=folder / "vocab.txt")


def test_our_own_encoder(tiny_encoder):
    info = inspect_encoder(tiny_encoder)
    vocab_file = tiny_encoder / "assets" / "vocab.txt"
    assert info == EncoderInfo(info.vocab_size, 128, vocab_file, True, "wordpiece", 32, 2, info.parameters, 2)
    loaded = hub.KerasLayer(str(tiny_encoder), trainable=True)
    assert info.parameters == sum(variable.shape.num_elements() for variable in loaded.trainable_variables)
    assert info.vocab_file is not None
    assert len(info.vocab_file.read_text().splitlines()) == info.vocab_size


@pytest.mark.parametrize(("config", "rows"), [({"type_vocab_size": 1}, 1), ({"model_type": "distilbert"}, None)])
def test_how_many_types_there_are(tmp_path, config, rows):
    convert_checkpoint(write_tiny_checkpoint(tmp_path / "source", **config), tmp_path / "encoder")
    assert inspect_encoder(tmp_path / "encoder").type_vocab_size == rows


@pytest.mark.parametrize("cut", [1, 5_000, 100_000])
def test_weights_that_are_cut_short_are_refused(tiny_encoder, tmp_path, cut):
    folder = shutil.copytree(tiny_encoder, tmp_path / "encoder")
    data = folder / "variables" / "variables.data-00000-of-00001"
    os.truncate(data, data.stat().st_size - cut)
    with pytest.raises(EncoderError, match=r"weights of .* cannot be read .*; delete it, and download"):
        inspect_encoder(folder)


def test_weights_that_are_cut_short_behind_all_that_is_read_are_refused(tiny_encoder, tmp_path):
    folder = shutil.copytree(tiny_encoder, tmp_path / "encoder")
    shutil.rmtree(folder / "variables")
    strings, numbers = tf.constant(["a" * 200, ""]), tf.zeros([3, 5])
    prefix = str(folder / "variables" / "variables")
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=["a", "b"], shape_and_slices=["", ""], tensors=[strings, numbers])
    data = folder / "variables" / "variables.data-00000-of-00001"
    whole = data.stat().st_size
    assert whole == 2 + 1 + 4 + 200 + 60
    os.truncate(data, whole - 1)
    with pytest.raises(EncoderError, match="has 266 bytes, and its index tells of 267"):
        inspect_encoder(folder)


def test_the_embedded_encoder(embedded_encoder):
    vocab_file = embedded_encoder / "assets" / "vocab.txt"
    expected = EncoderInfo(30522, 512, vocab_file, True, "wordpiece", 384, 6, 22_713_216, 2)
    assert inspect_encoder(str(embedded_encoder)) == expected


def test_an_export_of_the_model_garden(garden):
    parameters = 20 * 8 + 2 * 8 + 64 * 8 + 8 * 8 + 8
    expected = EncoderInfo(20, 64, garden / "assets" / "vocab.txt", False, "wordpiece", 8, 3, parameters, 2)
    assert inspect_encoder(garden) == expected
    assert (garden / "assets" / "vocab.txt").read_text() == "[PAD]\n"


def test_an_export_without_vocabulary_and_casing(tmp_path):
    info = inspect_encoder(write_model_garden_export(tmp_path / "encoder"))
    assert (info.vocab_size, info.max_positions, info.vocab_file, info.lower_case) == (20, 64, None, None)


def test_an_albert_of_the_model_garden(tmp_path):
    """A narrow word table that is projected, a SentencePiece model, and no word of its casing."""
    (tmp_path / "30k-clean.model").write_bytes(b"pieces")
    folder = write_model_garden_export(tmp_path / "encoder", pieces=tmp_path / "30k-clean.model", embedding_width=4)
    info = inspect_encoder(folder)
    assert (info.vocab_size, info.max_positions, info.hidden_size, info.layers) == (20, 64, 8, 3)
    assert (info.tokenizer, info.lower_case) == ("sentencepiece", True)
    assert info.vocab_file == folder / "assets" / "30k-clean.model"


def test_a_preprocessor_is_told_by_name(tmp_path):
    root = tf.train.Checkpoint(tokenize=tf.train.Checkpoint(), bert_pack_inputs=tf.train.Checkpoint())
    root.__call__ = tf.function(lambda text: {"input_word_ids": tf.strings.length(text)})
    root.__call__.get_concrete_function(tf.TensorSpec([None], tf.string))
    tf.saved_model.save(root, str(tmp_path / "preprocess"))
    assert "a preprocessor, which is not needed" in refusal_of(tmp_path / "preprocess")


def test_outputs_of_other_ranks_are_refused(tmp_path):
    message = refusal_of(write_model_garden_export(tmp_path / "encoder", flat=True))
    assert "sequence_output is not [batch, tokens, width]" in message


def test_it_can_be_inspected_while_a_graph_is_being_traced(tiny_encoder):
    with tf.Graph().as_default():
        assert inspect_encoder(tiny_encoder).lower_case is True


def refusal_of(folder: Path) -> str:
    with pytest.raises(EncoderError) as refusal:
        inspect_encoder(folder)
    message = str(refusal.value)
    assert str(folder) in message
    assert ";" in message
    return message


def test_a_folder_that_is_not_there_or_holds_no_saved_model(tmp_path):
    assert "no saved_model.pb" in refusal_of(tmp_path / "gone")
    assert "no saved_model.pb" in refusal_of(tmp_path)


@pytest.mark.parametrize("content", [b"\x01not a protobuf", b"", b"<html>404</html>"])
def test_a_saved_model_file_that_is_none(tmp_path, content):
    (tmp_path / "saved_model.pb").write_bytes(content)
    message = refusal_of(tmp_path)
    assert "cannot be read" in message or "not in TF2 SavedModel format" in message


def test_a_model_in_tf1_format(tmp_path):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variable = tf.compat.v1.get_variable("weight", initializer=1.0)
        session.run(tf.compat.v1.global_variables_initializer())
        text = tf.compat.v1.placeholder(tf.string, [None])
        tf.compat.v1.saved_model.simple_save(session, str(tmp_path / "old"), {"text": text}, {"weight": variable})
    assert "not in TF2 SavedModel format" in refusal_of(tmp_path / "old")


def test_a_model_that_cannot_be_called(tmp_path):
    tf.saved_model.save(tf.train.Checkpoint(weight=tf.Variable(tf.constant(1.0))), str(tmp_path / "weights"))
    assert "cannot be called" in refusal_of(tmp_path / "weights")


def test_a_model_with_other_inputs_and_outputs(tmp_path):
    root = tf.train.Checkpoint(weight=tf.Variable(tf.constant(1.0)))
    root.__call__ = tf.function(lambda text: {"embedding": tf.strings.length(text)})
    root.__call__.get_concrete_function(tf.TensorSpec([None], tf.string))
    tf.saved_model.save(root, str(tmp_path / "other"))
    message = refusal_of(tmp_path / "other")
    for part in (*ENCODER_INPUTS, "pooled_output", "sequence_output"):
        assert part in message


def test_an_encoder_that_lacks_one_output(tmp_path):
    message = refusal_of(write_model_garden_export(tmp_path / "encoder", outputs=("pooled_output",)))
    assert "no output sequence_output" in message
    assert "pooled_output" not in message


def test_an_encoder_whose_tables_have_no_name_that_we_know(tmp_path):
    specs = {name: tf.TensorSpec([None, None], tf.int32) for name in ENCODER_INPUTS}
    table = tf.Variable(tf.zeros([20, 8]), name="tokens")
    root = tf.train.Checkpoint(table=table)

    def call(inputs):
        sequence = tf.gather(table, inputs["input_word_ids"] * inputs["input_mask"] + inputs["input_type_ids"])
        return {"pooled_output": sequence[:, 0], "sequence_output": sequence}

    root.__call__ = tf.function(call)
    root.__call__.get_concrete_function(specs)
    tf.saved_model.save(root, str(tmp_path / "encoder"))
    assert "no table of word embeddings" in refusal_of(tmp_path / "encoder")


@pytest.mark.parametrize("damage", ["variables.index", "variables"])
def test_weights_that_are_missing(tmp_path, garden, damage):
    shutil.copytree(garden, tmp_path / "encoder")
    damaged = tmp_path / "encoder" / "variables"
    if damage == "variables":
        shutil.rmtree(damaged)
    else:
        (damaged / damage).write_bytes(b"broken")
    assert "weights" in refusal_of(tmp_path / "encoder")
