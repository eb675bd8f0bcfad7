from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from components.encoders.layers import depth
from components.errors import SettingsError
from components.trainer.batches import pad
from components.trainer.model import MaskedMean, build_classifier, learning_rate_scales, trained

HEAD = {"dropout": 0.5, "head_size": 0}
IDS = tf.ragged.constant([[2, 5, 6, 3], [2, 7, 3]], dtype=tf.int64)


def test_the_mean_is_over_real_tokens_only():
    sequence = tf.constant([[[1.0, 2.0], [3.0, 4.0], [100.0, 100.0]]])
    mask = tf.constant([[1, 1, 0]])
    assert MaskedMean()((sequence, mask)).numpy().tolist() == [[2.0, 3.0]]


def test_the_mean_of_no_token_is_zero_not_nan():
    assert MaskedMean()((tf.ones([1, 2, 3]), tf.zeros([1, 2], tf.int32))).numpy().tolist() == [[0.0, 0.0, 0.0]]


@pytest.mark.parametrize("pooling", ["pooled", "mean", "cls"])
@pytest.mark.parametrize("labels", [1, 3])
def test_a_logit_a_label_that_does_not_depend_on_padding(tiny_encoder, pooling, labels):
    model = build_classifier(str(tiny_encoder), pooling, HEAD, labels)
    inputs = pad(IDS)
    logits = model(inputs, training=False)
    wider = {name: tf.pad(tensor, [[0, 0], [0, 16]]) for name, tensor in inputs.items()}
    assert logits.shape == (2, labels)
    assert logits.dtype == tf.float32
    assert np.allclose(logits, model(wider, training=False), atol=1e-5)


def test_poolings_differ(tiny_encoder):
    pooled = {}
    for pooling in ("pooled", "mean", "cls"):
        tf.random.set_seed(1)
        pooled[pooling] = build_classifier(str(tiny_encoder), pooling, HEAD | {"dropout": 0.0}, 1)(pad(IDS)).numpy()
    assert not np.allclose(pooled["pooled"], pooled["mean"])
    assert not np.allclose(pooled["cls"], pooled["mean"])


def test_the_whole_encoder_is_trained_but_for_the_pooler_where_it_is_not_used(tiny_encoder):
    model = build_classifier(str(tiny_encoder), "mean", HEAD, 1)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(pad(IDS), training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    unused = [
        variable.name for variable, slope in zip(model.trainable_variables, gradients, strict=True) if slope is None
    ]
    assert all("pooler" in name for name in unused)
    assert len(unused) <= 2
    assert len(model.trainable_variables) > 30


def test_dropout_is_on_in_training_only(tiny_encoder):
    model = build_classifier(str(tiny_encoder), "mean", HEAD, 1)
    assert np.allclose(model(pad(IDS), training=False), model(pad(IDS), training=False))
    assert not np.allclose(model(pad(IDS), training=True), model(pad(IDS), training=True))


def test_a_head_of_two_layers(tiny_encoder):
    plain, hidden = (build_classifier(str(tiny_encoder), "mean", HEAD | {"head_size": size}, 3) for size in (0, 7))
    assert hidden(pad(IDS)).shape == (2, 3)
    assert hidden.count_params() - plain.count_params() == 32 * 7 + 7 + 7 * 3 + 3 - (32 * 3 + 3)


def test_variables_tell_how_high_in_the_encoder_they_stand(tiny_encoder):
    variables = build_classifier(str(tiny_encoder), "pooled", HEAD, 1).trainable_variables
    found = {variable.name: depth(variable.name) for variable in variables}
    assert {name for name, height in found.items() if height is None} == {
        "pooler_transform/kernel:0", "pooler_transform/bias:0", "logits/kernel:0", "logits/bias:0",
    }  # fmt: skip
    assert {name.split("/")[0] for name, height in found.items() if height == 0} == {
        "word_embeddings", "type_embeddings", "position_embedding", "embeddings",
    }  # fmt: skip
    assert all(f"layer_{height - 1}/" in name for name, height in found.items() if height)
    assert set(found.values()) == {None, 0, 1, 2}


def test_frozen_layers_are_not_trained_and_the_embeddings_with_them(tiny_encoder):
    model = build_classifier(str(tiny_encoder), "mean", HEAD, 1)
    assert len(trained(model, 0)) == len(model.trainable_variables)
    assert {depth(variable.name) for variable in trained(model, 1)} == {None, 2}
    assert {depth(variable.name) for variable in trained(model, 2)} == {None}
    with pytest.raises(SettingsError, match=r"training\.frozen_layers is 3, but the encoder has 2 layers"):
        trained(model, 3)


def test_the_learning_rate_falls_from_layer_to_layer_down_to_the_embeddings(tiny_encoder):
    variables = build_classifier(str(tiny_encoder), "mean", HEAD, 1).trainable_variables
    scales = dict(zip((depth(each.name) for each in variables), learning_rate_scales(variables, 0.5), strict=True))
    assert scales == {None: 1.0, 2: 0.5, 1: 0.25, 0: 0.125}
    assert set(learning_rate_scales(variables, 1.0)) == {1.0}
    with pytest.raises(SettingsError, match=r"training\.layer_decay is 0\.5, but the names"):
        learning_rate_scales([tf.Variable(tf.constant(1.0), name="dense/kernel")], 0.5)
