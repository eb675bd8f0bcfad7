from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub
from safetensors.numpy import load_file, save_file

from components.encoders.convert import convert_checkpoint
from components.encoders.embedded import checked_source
from components.encoders.tokenizer_files import read_tokenizer
from components.errors import EncoderError
from tests.components.encoders.reference_bert import forward
from tests.tiny_encoder import VOCABULARY, write_tiny_checkpoint

# "this is such an amazing movie!", "terrible", and "this is such" packed as a pair with "an amazing movie!".
WORD_IDS = [[101, 2023, 2003, 2107, 2019, 6429, 3185, 999, 102, 0, 0], [101, 6659, 102, 0, 0, 0, 0, 0, 0, 0, 0],
            [101, 2023, 2003, 2107, 102, 2019, 6429, 3185, 999, 102, 0]]  # fmt: skip
LENGTHS = [9, 3, 10]
TYPE_IDS = [[0] * 11, [0] * 11, [0] * 5 + [1] * 5 + [0]]


def as_inputs(word_ids, lengths, type_ids):
    word_ids = np.asarray(word_ids, np.int32)
    mask = (np.arange(word_ids.shape[1]) < np.asarray(lengths)[:, None]).astype(np.int32)
    arrays = {"input_word_ids": word_ids, "input_mask": mask, "input_type_ids": np.asarray(type_ids, np.int32)}
    return {name: tf.constant(array) for name, array in arrays.items()}


def random_inputs(lengths, tokens, vocab_size, seed=1):
    generator = np.random.default_rng(seed)
    shape = (len(lengths), tokens)
    return as_inputs(generator.integers(0, vocab_size, shape), lengths, generator.integers(0, 2, shape))


def assert_equals_reference(encoder, source, inputs, inner_tolerance=1e-5):
    """Real tokens only: what stands at padding is nobody's, and ill-conditioned in float32."""
    weights, config = source
    pooled, layers = forward(weights, config, *(inputs[name].numpy() for name in inputs))
    outputs, real = encoder(inputs), inputs["input_mask"].numpy() == 1
    assert np.abs(outputs["pooled_output"] - pooled).max() < 1e-5
    assert len(outputs["encoder_outputs"]) == len(layers) == config["num_hidden_layers"]
    for ours, reference in zip(outputs["encoder_outputs"], layers, strict=True):
        assert np.abs(ours.numpy() - reference)[real].max() < inner_tolerance
    assert np.abs(outputs["sequence_output"].numpy() - layers[-1])[real].max() < 1e-5


@pytest.fixture(scope="module")
def minilm(embedded_encoder):
    return hub.load(str(embedded_encoder))


@pytest.fixture(scope="module")
def minilm_source():
    folder = checked_source()
    return load_file(folder / "model.safetensors"), json.loads((folder / "config.json").read_text())


def inputs_of_tiny():
    return as_inputs([[2, 5, 6, 3], [2, 7, 3, 0]], [4, 3], [[0] * 4] * 2)


def test_minilm_equals_the_reference_on_a_padded_batch(minilm, minilm_source):
    assert_equals_reference(minilm, minilm_source, as_inputs(WORD_IDS, LENGTHS, TYPE_IDS))


def test_minilm_equals_the_reference_at_its_full_length(minilm, minilm_source):
    # Inside, a few of 300,000 values of up to 10 lose a little more; what comes out is as close as ever.
    inputs = random_inputs([512, 300], 512, 30522)
    assert_equals_reference(minilm, minilm_source, inputs, inner_tolerance=3e-5)


@pytest.mark.parametrize("activation", ["gelu", "gelu_new"])
def test_random_weights_equal_the_reference(tmp_path, activation):
    source = write_tiny_checkpoint(tmp_path / "source", hidden_act=activation)
    config, weights = json.loads((source / "config.json").read_text()), load_file(source / "model.safetensors")
    # Wide enough that the two forms of GELU differ by more than the tolerance.
    weights = {name: tensor * 5 if "intermediate.dense" in name else tensor for name, tensor in weights.items()}
    save_file(weights, source / "model.safetensors")
    convert_checkpoint(source, tmp_path / "encoder")
    encoder, inputs = hub.load(str(tmp_path / "encoder")), random_inputs([7, 1, 4], 7, config["vocab_size"])
    assert_equals_reference(encoder, (weights, config), inputs)
    other = {"gelu": "gelu_new", "gelu_new": "gelu"}[activation]
    with pytest.raises(AssertionError):
        assert_equals_reference(encoder, (weights, {**config, "hidden_act": other}), inputs)


@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (2, 128)])
def test_edge_shapes(tiny_encoder, shape):
    outputs = hub.load(str(tiny_encoder))(random_inputs([shape[1]] * shape[0], shape[1], 100))
    assert outputs["pooled_output"].shape == (shape[0], 32)
    assert outputs["sequence_output"].shape == (*shape, 32)
    assert outputs["sequence_output"].dtype == tf.float32


def test_more_tokens_than_positions_are_refused(tiny_encoder):
    with pytest.raises((tf.errors.InvalidArgumentError, ValueError), match="129"):
        hub.load(str(tiny_encoder))(random_inputs([129], 129, 100))


def test_outputs_are_tf_hubs(tiny_encoder):
    encoder = hub.load(str(tiny_encoder))
    outputs = encoder(inputs_of_tiny())
    assert set(outputs) == {"pooled_output", "sequence_output", "encoder_outputs", "default"}
    assert np.array_equal(outputs["default"], outputs["pooled_output"])
    assert np.array_equal(outputs["encoder_outputs"][-1], outputs["sequence_output"])
    served = encoder.signatures["serving_default"](**inputs_of_tiny())
    assert np.allclose(served["pooled_output"], outputs["pooled_output"], atol=1e-6)


def test_padding_does_not_change_what_stands_before_it(tiny_encoder):
    encoder = hub.load(str(tiny_encoder))
    wider = {name: tf.pad(tensor, [[0, 0], [0, 9]]) for name, tensor in inputs_of_tiny().items()}
    padded, real = encoder(wider)["sequence_output"][:, :3], encoder(inputs_of_tiny())["sequence_output"][:, :3]
    assert np.allclose(padded, real, atol=1e-5)


def test_every_variable_of_the_embedded_encoder_is_trainable_through_hub(embedded_encoder):
    layer = hub.KerasLayer(str(embedded_encoder), trainable=True)
    # 3 tables, the embeddings' norm, 16 a layer, the pooler.
    assert len(layer.trainable_variables) == 3 + 2 + 16 * 6 + 2
    assert layer.non_trainable_variables == []
    assert sum(int(np.prod(variable.shape)) for variable in layer.trainable_variables) == 22_713_216
    assert hub.KerasLayer(str(embedded_encoder), trainable=False).trainable_variables == []


def test_weight_decay_can_tell_variables_by_name(tiny_encoder):
    """What AdamW decays: matrices; what it passes over by name: every bias, and LayerNorm's gain and shift."""
    layer = hub.KerasLayer(str(tiny_encoder), trainable=True)
    decayed = [v for v in layer.trainable_variables if not ("bias" in v.name or "layer_norm" in v.name)]
    passed_over = [v for v in layer.trainable_variables if "bias" in v.name or "layer_norm" in v.name]
    assert all(v.shape.rank == 2 for v in decayed)
    assert all(v.shape.rank == 1 for v in passed_over)
    assert len(decayed) == 3 + 6 * 2 + 1
    assert sum("layer_norm" in v.name for v in passed_over) == 2 + 4 * 2


def test_dropout_acts_in_training_only(tiny_encoder):
    layer, inputs = hub.KerasLayer(str(tiny_encoder), trainable=True), inputs_of_tiny()
    still, moving = layer(inputs, training=False), layer(inputs, training=True)
    assert np.array_equal(still["sequence_output"], layer(inputs, training=False)["sequence_output"])
    assert not np.allclose(still["sequence_output"], moving["sequence_output"])
    assert not np.allclose(moving["sequence_output"], layer(inputs, training=True)["sequence_output"])
    frozen = hub.KerasLayer(str(tiny_encoder), trainable=False)
    assert np.array_equal(frozen(inputs, training=True)["sequence_output"], still["sequence_output"])


def test_dropout_can_be_repeated(tiny_encoder):
    """As a run's seed promises, also where several encoders live in a process."""
    first, second = (hub.KerasLayer(str(tiny_encoder), trainable=True) for _ in range(2))
    for _ in range(3):
        ours, theirs = (layer(inputs_of_tiny(), training=True)["sequence_output"] for layer in (first, second))
        assert np.array_equal(ours, theirs)


def test_a_training_step_moves_every_variable_that_it_can_reach(tiny_encoder):
    layer, inputs = hub.KerasLayer(str(tiny_encoder), trainable=True), inputs_of_tiny()
    with tf.GradientTape() as tape:
        outputs = layer(inputs, training=True)
        loss = tf.reduce_sum(outputs["pooled_output"]) + tf.reduce_sum(outputs["sequence_output"][:, 1] ** 3)
    gradients = tape.gradient(loss, layer.trainable_variables)
    unmoved = [
        variable.name
        for variable, gradient in zip(layer.trainable_variables, gradients, strict=True)
        if gradient is None or not np.any(tf.convert_to_tensor(gradient))
    ]
    assert unmoved == []


def test_a_fresh_process_gives_the_same(tiny_encoder):
    code = (
        "import components, json, sys, tensorflow_hub as hub, tensorflow as tf;"
        "ids = tf.constant([[2, 5, 6, 3], [2, 7, 3, 0]]); mask = tf.constant([[1] * 4, [1, 1, 1, 0]]);"
        "layer = hub.KerasLayer(sys.argv[1]);"
        "inputs = dict(input_word_ids=ids, input_mask=mask, input_type_ids=tf.zeros_like(ids));"
        "print(json.dumps(layer(inputs)['pooled_output'].numpy().tolist()))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tiny_encoder)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    pooled = json.loads(done.stdout.splitlines()[-1])
    assert np.allclose(pooled, hub.load(str(tiny_encoder))(inputs_of_tiny())["pooled_output"], atol=1e-6)


def test_it_can_be_converted_while_a_graph_is_being_traced(tmp_path, tiny_encoder):
    source = write_tiny_checkpoint(tmp_path / "source")

    @tf.function(autograph=False)
    def trace():
        with tf.name_scope("somebody"), tf.name_scope("elses"):
            convert_checkpoint(source, tmp_path / "encoder")
        return tf.constant(0)

    trace()
    ours, expected = hub.load(str(tmp_path / "encoder")), hub.load(str(tiny_encoder))
    assert [v.name for v in ours.variables] == [v.name for v in expected.variables]
    assert np.allclose(ours(inputs_of_tiny())["default"], expected(inputs_of_tiny())["default"])


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("model_type", "roberta"), ("position_embedding_type", "relative_key"), ("is_decoder", True),
        ("hidden_act", "relu"), ("hidden_size", "wide"), ("vocab_size", 0), ("hidden_dropout_prob", 1.0),
    ],
)  # fmt: skip
def test_what_cannot_be_built_is_refused_by_key_and_value(tmp_path, setting, value):
    source = write_tiny_checkpoint(tmp_path / "source")
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(json.dumps({**config, setting: value}))
    with pytest.raises(EncoderError, match=rf"config\.json: {setting} is {value!r}: .*; give a BERT"):
        convert_checkpoint(source, tmp_path / "encoder")
    assert not (tmp_path / "encoder").exists()


def test_heads_that_do_not_share_the_width_are_refused(tmp_path):
    source = write_tiny_checkpoint(tmp_path / "source", num_attention_heads=5)
    with pytest.raises(EncoderError, match=r"config\.json: .*5 heads cannot share a hidden_size of 32"):
        convert_checkpoint(source, tmp_path / "encoder")


def test_a_missing_setting_is_named(tmp_path):
    source = write_tiny_checkpoint(tmp_path / "source")
    config = json.loads((source / "config.json").read_text())
    del config["model_type"]
    (source / "config.json").write_text(json.dumps(config))
    with pytest.raises(EncoderError, match="model_type is missing"):
        convert_checkpoint(source, tmp_path / "encoder")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "vocab.txt"])
def test_a_missing_file_is_named(tmp_path, name):
    source = write_tiny_checkpoint(tmp_path / "source")
    (source / name).unlink()
    with pytest.raises(EncoderError, match=rf"{name} .*; give"):
        convert_checkpoint(source, tmp_path / "encoder")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer_config.json"])
def test_a_broken_file_is_named(tmp_path, name):
    source = write_tiny_checkpoint(tmp_path / "source")
    (source / name).write_bytes(b"{no")
    with pytest.raises(EncoderError, match=rf"{name}.*; give"):
        convert_checkpoint(source, tmp_path / "encoder")


def test_a_missing_an_unknown_and_a_misshapen_tensor_are_named(tmp_path):
    source = write_tiny_checkpoint(tmp_path / "source")
    weights = load_file(source / "model.safetensors")
    bias, third = "encoder.layer.1.output.dense.bias", "encoder.layer.2.output.dense.bias"
    changes = {
        f"no tensor {bias}": {name: tensor for name, tensor in weights.items() if name != bias},
        f"{third} belongs to no": {**weights, third: weights[bias]},
        rf"{bias} has shape \[31\] and not \[32\]": {**weights, bias: weights[bias][:-1]},
    }
    for message, changed in changes.items():
        save_file(changed, source / "model.safetensors")
        with pytest.raises(EncoderError, match=message):
            convert_checkpoint(source, tmp_path / "encoder")


def test_weights_in_eight_bits_are_refused(tmp_path):
    source = write_tiny_checkpoint(tmp_path / "source")
    header = json.dumps({"tensor": {"dtype": "F8_E4M3", "shape": [4], "data_offsets": [0, 4]}}).encode()
    (source / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(EncoderError, match=r"model\.safetensors cannot be read .*float32, float16 or bfloat16"):
        convert_checkpoint(source, tmp_path / "encoder")


@pytest.mark.parametrize(
    ("setting", "value", "tensor"),
    [
        ("hidden_size", 2**20, "word_embeddings.weight has shape"), ("max_position_embeddings", 2**40, "position_emb"),
        ("type_vocab_size", 2**40, "token_type"), ("intermediate_size", 2**40, "layer.0.intermediate.dense.weight has"),
        ("num_hidden_layers", 5000, "has no tensor encoder.layer.2.intermediate.dense.weight"),
    ],
)  # fmt: skip
def test_a_config_far_from_its_weights_takes_no_memory(tmp_path, monkeypatch, setting, value, tensor):
    monkeypatch.setattr("components.encoders.convert.build_encoder", lambda config: pytest.fail("built"))
    source = write_tiny_checkpoint(tmp_path / "source")
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(json.dumps({**config, setting: value}))
    with pytest.raises(EncoderError, match=f"{tensor}.*give the weights of the config.json"):
        convert_checkpoint(source, tmp_path / "encoder")


@pytest.mark.parametrize("limit", [500, 20_000])
def test_a_disk_without_room_is_told(tmp_path, limit):
    """A file may grow to so many bytes: less than the vocabulary takes, or than the weights."""
    source = write_tiny_checkpoint(tmp_path / "source")
    code = (
        "import resource, sys; from components.encoders.convert import convert_checkpoint;"
        "from components.errors import EncoderError;"
        "size = int(sys.argv[3]); resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))\n"
        "try: convert_checkpoint(*sys.argv[1:3])\n"
        "except EncoderError as error: print(error)"
    )
    command = [sys.executable, "-c", code, str(source), str(tmp_path / "encoder"), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert f"{tmp_path}/encoder cannot be written (" in done.stdout, done.stderr[-2000:]
    assert "; make room" in done.stdout


@pytest.mark.parametrize(
    ("line", "told"),
    [("the", "'the' again"), ("", "empty"), ("##", "'##' can be no piece")],
    ids=["again", "empty", "##"],
)
def test_a_broken_vocabulary_is_named_where_it_lies(tmp_path, line, told):
    source = write_tiny_checkpoint(tmp_path / "source", vocabulary=(*VOCABULARY, line))
    with pytest.raises(EncoderError, match=rf"source/vocab\.txt, line {len(VOCABULARY) + 1}: {told}") as refusal:
        convert_checkpoint(source, tmp_path / "encoder")
    assert "encoder.vocab_file" not in str(refusal.value)


def fast_tokenizer(source, **normalizer):
    """Leaves tokenizer.json alone of all that tells how texts are cut."""
    vocabulary = {piece: number for number, piece in enumerate(VOCABULARY)}
    model = {"type": "WordPiece", "continuing_subword_prefix": "##", "vocab": vocabulary}
    settings = {"type": "BertNormalizer", **normalizer}
    (source / "tokenizer.json").write_text(json.dumps({"model": model, "normalizer": settings}))
    for name in ("vocab.txt", "tokenizer_config.json"):
        (source / name).unlink()


@pytest.mark.parametrize("lower_case", [True, False])
def test_the_casing_of_a_tokenizer_json(tmp_path, lower_case):
    source = write_tiny_checkpoint(tmp_path / "source")
    fast_tokenizer(source, lowercase=lower_case, strip_accents=None)
    assert read_tokenizer(source, len(VOCABULARY)).lower_case is lower_case


@pytest.mark.parametrize(
    ("key", "value"), [("strip_accents", False), ("handle_chinese_chars", False), ("type", "Sequence")]
)
def test_a_tokenizer_json_that_cuts_otherwise_is_refused(tmp_path, key, value):
    source = write_tiny_checkpoint(tmp_path / "source")
    fast_tokenizer(source, **{"lowercase": True, key: value})
    with pytest.raises(EncoderError, match=rf"tokenizer\.json: normalizer\.{key} is {value!r}, and texts"):
        read_tokenizer(source, len(VOCABULARY))


def test_accents_that_are_kept_are_refused(tmp_path):
    source = write_tiny_checkpoint(tmp_path / "source")
    (source / "tokenizer_config.json").write_text('{"do_lower_case": true, "keep_accents": true}')
    with pytest.raises(EncoderError, match="keep_accents is True, and texts"):
        read_tokenizer(source, len(VOCABULARY))
