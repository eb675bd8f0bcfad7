from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.dataset import pad
from components.trainer.model import MaskedMean, build_classifier

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
    model = build_classifier(str(tiny_encoder), pooling, 0.5, labels)
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
        pooled[pooling] = build_classifier(str(tiny_encoder), pooling, 0.0, 1)(pad(IDS)).numpy()
    assert not np.allclose(pooled["pooled"], pooled["mean"])
    assert not np.allclose(pooled["cls"], pooled["mean"])


def test_the_whole_encoder_is_trained_but_for_the_pooler_where_it_is_not_used(tiny_encoder):
    model = build_classifier(str(tiny_encoder), "mean", 0.1, 1)
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
    model = build_classifier(str(tiny_encoder), "mean", 0.5, 1)
    assert np.allclose(model(pad(IDS), training=False), model(pad(IDS), training=False))
    assert not np.allclose(model(pad(IDS), training=True), model(pad(IDS), training=True))
