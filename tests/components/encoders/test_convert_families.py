"""Every member of the BERT family equals its reference, trains, and is read from whatever its folder looks like."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub
from safetensors.numpy import load_file, save_file

from components.encoders.convert import convert_checkpoint
from components.errors import EncoderError
from tests.components.encoders import reference_albert, reference_bert, reference_distilbert
from tests.components.encoders.pieces import processor, tiny_model
from tests.tiny_encoder import VOCABULARY, write_tiny_checkpoint

REFERENCES = {
    "bert": reference_bert, "electra": reference_bert, "distilbert": reference_distilbert, "albert": reference_albert,
}  # fmt: skip
# The variables of each: 16 a layer, 2 of a norm, a table each, 2 of a dense layer.
CASES = {
    "bert": ({}, 3 + 2 + 2 * 16 + 2),
    "minilm": ({"hidden_size": 48, "num_attention_heads": 12, "num_hidden_layers": 6}, 3 + 2 + 6 * 16 + 2),
    "distilbert": ({"model_type": "distilbert"}, 2 + 2 + 2 * 16),
    "distilbert, tanh": ({"model_type": "distilbert", "activation": "gelu_new"}, 2 + 2 + 2 * 16),
    "electra": ({"model_type": "electra"}, 3 + 2 + 2 + 2 * 16),
    "electra, one width": ({"model_type": "electra", "embedding_size": 32}, 3 + 2 + 2 * 16),
    "albert, groups": ({"model_type": "albert"}, 3 + 2 + 2 + 4 * 16 + 2),
    "albert, one layer": (
        {"model_type": "albert", "num_hidden_groups": 1, "inner_group_num": 1}, 3 + 2 + 2 + 16 + 2,
    ),
    "albert, one width": ({"model_type": "albert", "embedding_size": 32}, 3 + 2 + 2 + 4 * 16 + 2),
}  # fmt: skip


def some_inputs(lengths=(9, 1, 4), tokens=9, vocab_size=60):
    generator, shape = np.random.default_rng(1), (len(lengths), tokens)
    arrays = {
        "input_word_ids": generator.integers(0, vocab_size, shape),
        "input_mask": np.arange(tokens) < np.asarray(lengths)[:, None],
        "input_type_ids": generator.integers(0, 2, shape),
    }
    return {name: tf.constant(array.astype(np.int32)) for name, array in arrays.items()}


def expected_outputs(source, inputs):
    config, weights = json.loads((source / "config.json").read_text()), load_file(source / "model.safetensors")
    reference = REFERENCES[config["model_type"]]
    return reference.forward(weights, config, *(inputs[name].numpy() for name in inputs))


def assert_equal(encoder, inputs, expected):
    pooled, layers = expected
    outputs, real = encoder(inputs), inputs["input_mask"].numpy() == 1
    assert np.abs(outputs["pooled_output"] - pooled).max() < 1e-5
    for ours, reference in zip(outputs["encoder_outputs"], layers, strict=True):
        assert np.abs(ours.numpy() - reference)[real].max() < 1e-5
    assert np.array_equal(outputs["sequence_output"], outputs["encoder_outputs"][-1])


def rewrite(source, **changes):
    file = source / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


@pytest.fixture(scope="module", params=CASES, ids=[name.replace(", ", "-").replace(" ", "-") for name in CASES])
def converted(request, tmp_path_factory):
    """Of every case: the source folder, the SavedModel, and how many variables it should have."""
    config, variables = CASES[request.param]
    folder = tmp_path_factory.mktemp("family")
    source = write_tiny_checkpoint(folder / "source", **config)
    weights = load_file(source / "model.safetensors")
    # Wide enough that the two forms of GELU differ by more than the tolerance.
    wider = ("intermediate.dense", "ffn.lin1", ".ffn.")
    save_file({n: t * 5 if any(w in n for w in wider) else t for n, t in weights.items()}, source / "model.safetensors")
    convert_checkpoint(source, folder / "encoder")
    return source, folder / "encoder", variables


def test_it_equals_its_reference_on_ragged_texts(converted):
    source, folder, _ = converted
    encoder, inputs = hub.load(str(folder)), some_inputs()
    assert_equal(encoder, inputs, expected_outputs(source, inputs))
    key = "activation" if "distilbert" in (source / "config.json").read_text() else "hidden_act"
    other = {"gelu": "gelu_new", "gelu_new": "gelu"}[json.loads((source / "config.json").read_text())[key]]
    text = (source / "config.json").read_text()
    try:
        rewrite(source, **{key: other})
        with pytest.raises(AssertionError):
            assert_equal(encoder, inputs, expected_outputs(source, inputs))
    finally:
        (source / "config.json").write_text(text)


def test_a_training_step_reaches_every_variable(converted):
    _, folder, variables = converted
    layer, inputs = hub.KerasLayer(str(folder), trainable=True), some_inputs()
    with tf.GradientTape() as tape:
        outputs = layer(inputs, training=True)
        loss = tf.reduce_sum(outputs["pooled_output"] ** 3) + tf.reduce_sum(outputs["sequence_output"][:, 1] ** 3)
    gradients = tape.gradient(loss, layer.trainable_variables)
    assert len(layer.trainable_variables) == len({variable.name for variable in layer.trainable_variables}) == variables
    assert layer.non_trainable_variables == []
    reached = [gradient is not None and np.any(tf.convert_to_tensor(gradient)) for gradient in gradients]
    assert reached == [True] * variables


def test_it_trains_in_a_scope_of_mirrored_devices(tmp_path):
    source = write_tiny_checkpoint(tmp_path / "source", model_type="albert")
    convert_checkpoint(source, tmp_path / "encoder")
    code = """
import components, sys, tensorflow as tf, tf_keras as keras, tensorflow_hub as hub
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    layer = hub.KerasLayer(sys.argv[1], trainable=True)
    optimizer = keras.optimizers.Adam(1e-2)
    optimizer.build(layer.trainable_variables)
ids = tf.constant([[2, 5, 6, 3], [2, 7, 3, 0]])
def step():
    inputs = dict(input_word_ids=ids, input_mask=tf.sign(ids), input_type_ids=tf.zeros_like(ids))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((layer(inputs, training=True)["pooled_output"] - 0.5) ** 2)
    gradients = tape.gradient(loss, layer.trainable_variables)
    optimizer.apply_gradients(zip(gradients, layer.trainable_variables))
    return loss
@tf.function
def train():
    return strategy.reduce("MEAN", strategy.run(step), axis=None)
losses = [float(train()) for _ in range(6)]
table = next(v for v in layer.trainable_variables if "word_embeddings" in v.name)
copies = [copy.numpy() for copy in strategy.experimental_local_results(table)]
assert len(copies) == 2 and (copies[0] == copies[1]).all()
assert losses[-1] < losses[0], losses
print("trained")
"""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "encoder")], capture_output=True, text=True, timeout=300,
        env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "trained"


HEADS = {
    "bert": ("bert.", ("cls.predictions.bias", "classifier.weight", "qa_outputs.bias")),
    "distilbert": ("distilbert.", ("vocab_transform.weight", "pre_classifier.bias", "classifier.bias")),
    "electra": ("electra.", ("discriminator_predictions.dense.weight", "classifier.dense.weight")),
    "albert": ("albert.", ("predictions.decoder.bias", "sop_classifier.classifier.weight")),
}


@pytest.mark.parametrize("model_type", HEADS)
@pytest.mark.parametrize("prefixed", [True, False])
def test_heads_prefixes_and_old_names_are_seen_through(tmp_path, model_type, prefixed):
    source, inputs = write_tiny_checkpoint(tmp_path / "source", model_type=model_type), some_inputs()
    expected = expected_outputs(source, inputs)
    prefix, heads = HEADS[model_type]
    body = load_file(source / "model.safetensors")
    body["embeddings.position_ids"] = np.arange(128, dtype=np.int64)[None]
    for new, old in ((".weight", ".gamma"), (".bias", ".beta")):
        body[f"embeddings.LayerNorm{old}"] = body.pop(f"embeddings.LayerNorm{new}")
    named = {f"{prefix if prefixed else ''}{name}": tensor for name, tensor in body.items()}
    save_file({**named, **dict.fromkeys(heads, np.zeros(3, np.float32))}, source / "model.safetensors")
    convert_checkpoint(source, tmp_path / "encoder")
    assert_equal(hub.load(str(tmp_path / "encoder")), inputs, expected)


@pytest.mark.parametrize("model_type", ["bert", "albert"])
def test_without_a_pooler_the_first_tokens_vector_is_pooled(tmp_path, model_type):
    source, inputs = write_tiny_checkpoint(tmp_path / "source", model_type=model_type), some_inputs()
    weights = load_file(source / "model.safetensors")
    save_file({n: t for n, t in weights.items() if not n.startswith("pooler")}, source / "model.safetensors")
    convert_checkpoint(source, tmp_path / "encoder")
    outputs = hub.load(str(tmp_path / "encoder"))(inputs)
    assert np.array_equal(outputs["pooled_output"], outputs["sequence_output"][:, 0])
    assert_equal(hub.load(str(tmp_path / "encoder")), inputs, expected_outputs(source, inputs))


def test_half_a_pooler_is_a_missing_tensor(tmp_path):
    source = write_tiny_checkpoint(tmp_path / "source")
    weights = load_file(source / "model.safetensors")
    del weights["pooler.dense.bias"]
    save_file(weights, source / "model.safetensors")
    with pytest.raises(EncoderError, match=r"no tensor pooler\.dense\.bias"):
        convert_checkpoint(source, tmp_path / "encoder")


@pytest.mark.parametrize("kind", [np.float16, np.float64, ml_dtypes.bfloat16])
def test_other_floats_become_float32(tmp_path, kind):
    source, inputs = write_tiny_checkpoint(tmp_path / "source"), some_inputs()
    rounded = {name: tensor.astype(kind) for name, tensor in load_file(source / "model.safetensors").items()}
    save_file(rounded, source / "model.safetensors")
    convert_checkpoint(source, tmp_path / "encoder")
    encoder = hub.load(str(tmp_path / "encoder"))
    assert {variable.dtype for variable in encoder.variables} == {tf.float32}
    assert_equal(encoder, inputs, expected_outputs(source, inputs))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensor: tensor.astype(np.int8), "is int8; give weights in floating point"),
        (lambda tensor: tensor * np.float32("nan"), "holds NaN or infinite numbers; give sound weights"),
    ],
)
def test_tensors_that_are_no_weights_are_refused(tmp_path, change, message):
    source, name = write_tiny_checkpoint(tmp_path / "source"), "encoder.layer.1.output.dense.bias"
    weights = load_file(source / "model.safetensors")
    save_file({**weights, name: change(weights[name])}, source / "model.safetensors")
    with pytest.raises(EncoderError, match=f"{name} {message}"):
        convert_checkpoint(source, tmp_path / "encoder")


def write_shards(source):
    weights = load_file(source / "model.safetensors")
    (source / "model.safetensors").unlink()
    shards = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    place = {name: shards[index % 2] for index, name in enumerate(sorted(weights))}
    for shard in shards:
        save_file({name: weights[name] for name in weights if place[name] == shard}, source / shard)
    index = source / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": place}))
    return weights, index


def test_shards_are_read(tmp_path):
    source, inputs = write_tiny_checkpoint(tmp_path / "source"), some_inputs()
    expected = expected_outputs(source, inputs)
    write_shards(source)
    convert_checkpoint(source, tmp_path / "encoder")
    assert_equal(hub.load(str(tmp_path / "encoder")), inputs, expected)


def test_shards_that_are_not_whole_are_refused(tmp_path):
    source = write_tiny_checkpoint(tmp_path / "source")
    weights, index = write_shards(source)
    name, content = min(weights), index.read_text()
    for weight_map, message in (
        ({}, "has no weight_map"),
        ({name: "../model.safetensors"}, r"names the shard '\.\./model\.safetensors', which is no file beside it"),
        ({name: "gone.safetensors"}, r"names the shard 'gone\.safetensors', which is no file beside it"),
        ({"nobody.bias": "model-00001-of-00002.safetensors"}, r"names the tensor nobody\.bias, which no shard holds"),
    ):
        index.write_text(json.dumps({**json.loads(content), "weight_map": weight_map}))
        with pytest.raises(EncoderError, match=message):
            convert_checkpoint(source, tmp_path / "encoder")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "tf_model.h5", "flax_model.msgpack"])
def test_a_pickle_is_not_loaded(tmp_path, name):
    source = write_tiny_checkpoint(tmp_path / "source")
    (source / "model.safetensors").rename(source / name)
    with pytest.raises(EncoderError, match=rf"in {name} alone, which is not loaded; .*save_pretrained"):
        convert_checkpoint(source, tmp_path / "encoder")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"model_type": "distilbert", "activation": "relu"}, "activation is 'relu'"),
        ({"model_type": "distilbert", "n_heads": 3}, "3 heads cannot share a hidden_size of 32"),
        ({"model_type": "electra", "position_embedding_type": "relative_key_query"}, "position_embedding_type is 'rel"),
        ({"model_type": "albert", "num_hidden_groups": 3}, "3 groups cannot share 4 layers in equal parts"),
        ({"model_type": "albert", "embedding_size": 0}, "embedding_size is 0"),
        ({"model_type": ["bert"]}, r"model_type is \['bert'\]: not one of bert, distilbert, electra, albert"),
    ],
)
def test_settings_that_cannot_be_built_are_refused(tmp_path, config, message):
    source = write_tiny_checkpoint(tmp_path / "source", model_type=str(config["model_type"]))
    rewrite(source, **config)
    with pytest.raises(EncoderError, match=rf"config\.json: .*{message}.*; give a BERT, DistilBERT, ELECTRA or ALBERT"):
        convert_checkpoint(source, tmp_path / "encoder")


def convert_with_pieces(tmp_path, model, **config):
    vocabulary = VOCABULARY[: processor(model).vocab_size()]
    source = write_tiny_checkpoint(tmp_path / "source", vocabulary, model_type="albert", **config)
    (source / "vocab.txt").unlink()
    (source / "spiece.model").write_bytes(model)
    convert_checkpoint(source, tmp_path / "encoder")
    return hub.load(str(tmp_path / "encoder"))


def test_sentence_pieces_become_model_gardens_asset(tmp_path):
    model = tiny_model()
    encoder = convert_with_pieces(tmp_path, model)
    assert not hasattr(encoder, "vocab_file")
    assert encoder.sp_model_file.asset_path.numpy().decode() == str(tmp_path / "encoder" / "assets" / "spiece.model")
    assert (tmp_path / "encoder" / "assets" / "spiece.model").read_bytes() == model
    assert bool(encoder.do_lower_case)


def test_sentence_pieces_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(EncoderError, match=r"spiece\.model has \d+ pieces, but the word table has 99; give the vocab"):
        convert_with_pieces(tmp_path, tiny_model(), vocab_size=99)


def test_a_broken_sentence_piece_model_is_refused(tmp_path):
    source = write_tiny_checkpoint(tmp_path / "source", model_type="albert")
    (source / "spiece.model").write_bytes(b"no model")
    with pytest.raises(EncoderError, match=r"spiece\.model is no SentencePiece model"):
        convert_checkpoint(source, tmp_path / "encoder")


def test_a_vocabulary_that_does_not_fit_the_word_table_is_refused(tmp_path):
    source = write_tiny_checkpoint(tmp_path / "source")
    for pieces in (VOCABULARY[:-1], (*VOCABULARY, "more")):
        (source / "vocab.txt").write_text("".join(f"{piece}\n" for piece in pieces))
        message = rf"vocab\.txt has {len(pieces)} pieces, but the word table has {len(VOCABULARY)}"
        with pytest.raises(EncoderError, match=message):
            convert_checkpoint(source, tmp_path / "encoder")


UNCASED = tuple(piece for piece in VOCABULARY if piece == piece.lower() or piece.startswith("["))


@pytest.mark.parametrize(("vocabulary", "lower_case"), [(VOCABULARY, False), (UNCASED, True)])
def test_without_settings_the_vocabulary_tells_the_casing(tmp_path, vocabulary, lower_case):
    source = write_tiny_checkpoint(tmp_path / "source", vocabulary, lower_case=not lower_case)
    (source / "tokenizer_config.json").unlink()
    convert_checkpoint(source, tmp_path / "encoder")
    assert bool(hub.load(str(tmp_path / "encoder")).do_lower_case) is lower_case


@pytest.mark.parametrize(
    ("key", "value"), [("strip_accents", False), ("tokenize_chinese_chars", False), ("word_tokenizer_type", "mecab")]
)
def test_a_tokenizer_that_cuts_texts_otherwise_is_refused(tmp_path, key, value):
    source = write_tiny_checkpoint(tmp_path / "source")
    (source / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True, key: value}))
    with pytest.raises(EncoderError, match=rf"tokenizer_config\.json: {key} is {value!r}"):
        convert_checkpoint(source, tmp_path / "encoder")


def fast_tokenizer(**model):
    vocabulary = {piece: index for index, piece in enumerate(VOCABULARY)}
    return {"model": {"type": "WordPiece", "continuing_subword_prefix": "##", "vocab": vocabulary, **model}}


def test_a_fast_tokenizers_vocabulary_is_read(tmp_path):
    source = write_tiny_checkpoint(tmp_path / "source")
    lines = (source / "vocab.txt").read_bytes()
    (source / "vocab.txt").unlink()
    (source / "tokenizer.json").write_text(json.dumps(fast_tokenizer()))
    convert_checkpoint(source, tmp_path / "encoder")
    assert (tmp_path / "encoder" / "assets" / "vocab.txt").read_bytes() == lines


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"type": "Unigram"}, "is no WordPiece tokenizer"),
        ({"vocab": [["a", 0.0]]}, "is no WordPiece tokenizer"),
        ({"continuing_subword_prefix": "@@"}, "marks the rest of a word not by ##"),
        ({"vocab": {"a": 0, "b": 2}}, "has ids that do not count from 0 up"),
    ],
)
def test_another_fast_tokenizer_is_refused(tmp_path, model, message):
    source = write_tiny_checkpoint(tmp_path / "source")
    (source / "vocab.txt").unlink()
    (source / "tokenizer.json").write_text(json.dumps(fast_tokenizer(**model)))
    with pytest.raises(EncoderError, match=rf"tokenizer\.json {message}"):
        convert_checkpoint(source, tmp_path / "encoder")
