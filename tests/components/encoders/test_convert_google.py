"""Google's own TensorFlow checkpoints: their names, written here from Google's modeling.py, and their folders."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub
from safetensors.numpy import load_file

from components.encoders.convert import convert_checkpoint
from components.errors import EncoderError
from tests.components.encoders import reference_albert, reference_bert
from tests.components.encoders.pieces import processor, tiny_model
from tests.components.encoders.test_convert_families import assert_equal, some_inputs
from tests.tiny_encoder import VOCABULARY, write_tiny_checkpoint

UNCASED = tuple(piece for piece in VOCABULARY if piece == piece.lower() or piece.startswith("["))
ALBERT_PLACES = {
    "attention.query": "attention_1/self/query", "attention.key": "attention_1/self/key",
    "attention.value": "attention_1/self/value", "attention.dense": "attention_1/output/dense",
    "attention.LayerNorm": "LayerNorm", "full_layer_layer_norm": "LayerNorm_1",
    "ffn_output": "ffn_1/intermediate/output/dense", "ffn": "ffn_1/intermediate/dense",
}  # fmt: skip


def bert_name(place):
    return re.sub(r"encoder\.layer\.(\d+)", r"encoder/layer_\1", place).replace(".", "/")


def albert_name(place):
    inside = re.fullmatch(r"encoder\.albert_layer_groups\.(\d+)\.albert_layers\.(\d+)\.(.*)", place)
    if inside is None:
        return "pooler/dense" if place == "pooler" else place.replace(".", "/")
    group, inner, part = inside.groups()
    return f"encoder/transformer/group_{group}/inner_group_{inner}/{ALBERT_PLACES[part]}"


def as_google(weights, name_of):
    """Hugging Face's tensors under Google's names: kernels transposed, tables without a last part."""
    tensors = {}
    for name, tensor in weights.items():
        place, _, kind = name.rpartition(".")
        google = f"bert/{name_of(place)}"
        if place.endswith("_embeddings"):
            tensors[google] = tensor
        elif "norm" in place.lower():
            tensors[f"{google}/{'gamma' if kind == 'weight' else 'beta'}"] = tensor
        else:
            tensors[f"{google}/{'kernel' if kind == 'weight' else 'bias'}"] = tensor.T
    return tensors


def write_tensors(prefix, tensors):
    names = list(tensors)
    tf.raw_ops.SaveV2(
        prefix=str(prefix), tensor_names=names, shape_and_slices=[""] * len(names),
        tensors=[tf.constant(tensors[name]) for name in names],
    )  # fmt: skip


def write_google(tmp_path, model_type="bert", vocabulary=UNCASED, **config):
    """A folder as Google's archives unpack, with a head and an optimizer's tensors; its tensors by HF's names."""
    like = write_tiny_checkpoint(tmp_path / "like", vocabulary, model_type=model_type, hidden_act="gelu", **config)
    weights = load_file(like / "model.safetensors")
    # Wide enough that the two forms of GELU differ by more than the tolerance.
    weights = {n: t * 5 if "intermediate.dense" in n or ".ffn." in n else t for n, t in weights.items()}
    settings = json.loads((like / "config.json").read_text())
    source = tmp_path / "source"
    source.mkdir()
    tensors = as_google(weights, bert_name if model_type == "bert" else albert_name)
    others = {f"{name}/{slot}": tensor for name, tensor in tensors.items() for slot in ("adam_m", "adam_v")}
    others |= {"cls/predictions/output_bias": np.zeros(7, np.float32), "global_step": np.int64(3)}
    write_tensors(source / f"{model_type}_model.ckpt", {**tensors, **others})
    del settings["model_type"]
    (source / f"{model_type}_config.json").write_text(json.dumps(settings))
    (source / "vocab.txt").write_text("".join(f"{piece}\n" for piece in vocabulary))
    return source, weights, {**settings, "hidden_act": "gelu_new"}


@pytest.mark.parametrize(
    ("model_type", "config", "reference"),
    [
        ("bert", {}, reference_bert),
        ("albert", {}, reference_albert),
        ("albert", {"num_hidden_groups": 1, "inner_group_num": 1}, reference_albert),
    ],
)
def test_it_equals_the_reference_with_tanh(tmp_path, model_type, config, reference):
    source, weights, settings = write_google(tmp_path, model_type, **config)
    convert_checkpoint(source, tmp_path / "encoder")
    encoder, inputs = hub.load(str(tmp_path / "encoder")), some_inputs()
    arrays = [inputs[name].numpy() for name in inputs]
    assert_equal(encoder, inputs, reference.forward(weights, settings, *arrays))
    with pytest.raises(AssertionError):
        assert_equal(encoder, inputs, reference.forward(weights, {**settings, "hidden_act": "gelu"}, *arrays))
    assert bool(encoder.do_lower_case)
    assert (tmp_path / "encoder" / "assets" / "vocab.txt").read_bytes() == (source / "vocab.txt").read_bytes()


def test_googles_albert_of_one_width_has_no_projection(tmp_path):
    source, weights, settings = write_google(tmp_path, "albert", embedding_size=32)
    kept = {name: tensor for name, tensor in weights.items() if "mapping_in" not in name}
    write_tensors(source / "albert_model.ckpt", as_google(kept, albert_name))
    convert_checkpoint(source, tmp_path / "encoder")
    encoder, inputs = hub.load(str(tmp_path / "encoder")), some_inputs()
    assert_equal(encoder, inputs, reference_albert.forward(kept, settings, *(inputs[name].numpy() for name in inputs)))


def test_a_cased_vocabulary_is_cased(tmp_path):
    source, _, _ = write_google(tmp_path, vocabulary=VOCABULARY)
    convert_checkpoint(source, tmp_path / "encoder")
    assert not bool(hub.load(str(tmp_path / "encoder")).do_lower_case)


def test_googles_sentence_pieces_are_taken(tmp_path):
    model = tiny_model()
    source, _, _ = write_google(tmp_path, "albert", vocabulary=VOCABULARY[: processor(model).vocab_size()])
    (source / "30k-clean.model").write_bytes(model)
    convert_checkpoint(source, tmp_path / "encoder")
    assert (tmp_path / "encoder" / "assets" / "30k-clean.model").read_bytes() == model
    assert bool(hub.load(str(tmp_path / "encoder")).do_lower_case)


def test_a_missing_and_a_misshapen_tensor_are_named(tmp_path):
    source, weights, _ = write_google(tmp_path)
    name = "encoder.layer.1.output.dense.bias"
    for changed, message in (
        ({other: tensor for other, tensor in weights.items() if other != name}, f"no tensor {name}"),
        ({**weights, name: weights[name][:-1]}, rf"{name} has shape \[31\] and not \[32\]"),
    ):
        write_tensors(source / "bert_model.ckpt", as_google(changed, bert_name))
        with pytest.raises(EncoderError, match=message):
            convert_checkpoint(source, tmp_path / "encoder")


def test_an_activation_that_is_not_gelu_is_refused(tmp_path):
    source, _, settings = write_google(tmp_path)
    (source / "bert_config.json").write_text(json.dumps({**settings, "hidden_act": "tanh"}))
    with pytest.raises(EncoderError, match=r"bert_config\.json: hidden_act is 'tanh'"):
        convert_checkpoint(source, tmp_path / "encoder")


def test_no_checkpoint_and_several_are_refused(tmp_path):
    source, weights, _ = write_google(tmp_path)
    write_tensors(source / "model.ckpt-20", as_google(weights, bert_name))
    with pytest.raises(EncoderError, match=r"several checkpoints \(bert_model\.ckpt, model\.ckpt-20\); leave"):
        convert_checkpoint(source, tmp_path / "encoder")
    for index in source.glob("*.index"):
        index.unlink()
    with pytest.raises(EncoderError, match=r"holds no bert_model\.ckpt\.index; give"):
        convert_checkpoint(source, tmp_path / "encoder")


@pytest.mark.parametrize("damage", ["cut index", "no data", "cut data"])
def test_a_broken_checkpoint_is_refused(tmp_path, damage):
    source, _, _ = write_google(tmp_path)
    index, data = source / "bert_model.ckpt.index", source / "bert_model.ckpt.data-00000-of-00001"
    if damage == "no data":
        data.unlink()
    else:
        file = index if damage == "cut index" else data
        file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(EncoderError, match=r"bert_model\.ckpt cannot be read .*; give its \.index and its \.data"):
        convert_checkpoint(source, tmp_path / "encoder")


def test_tensorflow_2s_objects_are_refused(tmp_path):
    source, _, _ = write_google(tmp_path)
    for file in source.glob("bert_model.ckpt*"):
        file.unlink()
    tf.train.Checkpoint(model=tf.Variable(tf.constant(1.0))).write(str(source / "bert_model.ckpt"))
    with pytest.raises(EncoderError, match=r"holds TensorFlow 2's objects .*; give"):
        convert_checkpoint(source, tmp_path / "encoder")


def test_a_folder_without_any_configuration_is_refused(tmp_path):
    source, _, _ = write_google(tmp_path)
    (source / "bert_config.json").unlink()
    with pytest.raises(EncoderError, match=r"config\.json is missing, and so is bert_config\.json .*; give"):
        convert_checkpoint(source, tmp_path / "encoder")
