from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub
import tf_keras as keras
from tensorflow.core.protobuf import saved_model_pb2

from components.encoders.seeded import seeded_encoder
from components.fingerprint import folder_digest

WIDTH = 64
ONES = tf.ones([2, WIDTH])
KEEP = 0.5


class Unseeded(tf.train.Checkpoint):
    """A model with two dropouts of its own, and a layer that it calls twice, which calls another, as ALBERT's does."""

    def __init__(self, vocabulary):
        super().__init__()
        self.weight = tf.Variable(tf.ones([WIDTH]), name="weight")
        self.trainable_variables = self.variables = [self.weight]
        self.vocab_file = tf.saved_model.Asset(str(vocabulary))

    @tf.function(input_signature=[tf.TensorSpec([None, WIDTH])])
    def inner(self, inputs):
        return tf.nn.dropout(inputs * self.weight, KEEP)

    @tf.function(input_signature=[tf.TensorSpec([None, WIDTH])])
    def layer(self, inputs):
        return self.inner(inputs)

    @tf.function
    def __call__(self, inputs, training=False):
        if not training:
            return dict.fromkeys(("first", "second", "third", "fourth"), inputs * self.weight)
        return {
            "first": tf.nn.dropout(inputs, KEEP),
            "second": self.layer(inputs),
            "third": self.layer(inputs),
            "fourth": inputs * tf.cast(tf.random.uniform(tf.shape(inputs), 0, 2, tf.int32), tf.float32),
        }


@pytest.fixture(scope="module")
def unseeded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unseeded")
    random: Any = tf.random
    random.set_seed(None)  # a seed that another test has set would be every operator's own
    (folder / "vocab.txt").write_text("[PAD]\n")
    model = Unseeded(folder / "vocab.txt")
    call: Any = model.__call__
    for training in (True, False):
        call.get_concrete_function(tf.TensorSpec([None, WIDTH]), training=training)
    tf.saved_model.save(model, str(folder / "model"))
    return folder / "model"


def masks(folder, seed=1):
    """What each dropout keeps, in three steps of which the last is after the seed was set again."""
    with seeded_encoder(folder, seed) as patched:
        layer = hub.KerasLayer(str(patched), trainable=True)
    call = tf.function(lambda: layer(ONES, training=True))
    drawn = []
    for again in (True, False, True):
        if again:
            tf.random.set_seed(7)
        drawn.append({name: (kept.numpy() > 0).astype(int).ravel().tolist() for name, kept in call().items()})
    return drawn


def masks_elsewhere(folder, seed=1):
    """The same in a process of its own."""
    code = f"""
import json
from pathlib import Path
from tests.components.encoders.test_seeded import masks
print(json.dumps(masks(Path({str(folder)!r}), {seed})))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout.splitlines()[-1])


def test_the_same_masks_in_every_process(unseeded):
    first, second, again = masks(unseeded)
    assert [first, second, again] == masks_elsewhere(unseeded)
    assert again == first
    assert all(second[name] != first[name] for name in first)
    assert all(0.25 < np.mean(mask) < 0.75 for mask in first.values())


def test_every_operator_has_masks_of_its_own_in_calls_of_one_function_too(unseeded):
    first, *_ = masks(unseeded)
    assert len({tuple(mask) for mask in first.values()}) == 4


def test_another_seed_gives_other_masks(unseeded):
    first, other = masks(unseeded)[0], masks(unseeded, seed=2)[0]
    assert all(first[name] != other[name] for name in first)


def test_a_patched_encoder_is_trained(unseeded):
    with seeded_encoder(unseeded, 1) as patched:
        layer = hub.KerasLayer(str(patched), trainable=True, name="encoder")
    inputs = keras.Input([WIDTH])
    model = keras.Model(inputs, keras.layers.Add()([layer(inputs)["second"], layer(inputs)["third"]]))
    with tf.GradientTape() as tape:
        outputs = model(ONES, training=True)
    gradient: Any = tape.gradient(outputs, model.trainable_variables[0])
    # The mask of the pass forward is that of the gradient.
    assert np.allclose(gradient, tf.reduce_sum(outputs, axis=0))
    assert np.allclose(model(ONES, training=False), 2.0)


def test_the_source_is_untouched_and_the_patched_folder_is_gone_after_the_block(unseeded):
    before = folder_digest(unseeded)
    with seeded_encoder(unseeded, 1) as patched:
        assert patched != unseeded
        assert (patched / "variables").resolve() == unseeded / "variables"
        assert (patched / "assets" / "vocab.txt").read_text() == "[PAD]\n"
        assert not (patched / "saved_model.pb").is_symlink()
    assert not patched.exists()
    assert folder_digest(unseeded) == before


def test_a_patched_encoder_needs_no_patch(unseeded):
    with seeded_encoder(unseeded, 1) as patched, seeded_encoder(patched, 2) as again:
        assert again == patched


def test_only_calls_that_would_share_masks_get_functions_of_their_own(unseeded):
    with seeded_encoder(unseeded, 1) as patched:
        before, after = (
            saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
            for folder in (unseeded, patched)
        )
    names = [
        {function.signature.name for function in model.meta_graphs[0].graph_def.library.function}
        for model in (before, after)
    ]
    assert names[0] < names[1]
    assert len(names[1] - names[0]) == 2  # the second call's layer, and the inner one that it calls


def test_an_encoder_that_has_seeds_is_given_as_it_is(tiny_encoder):
    with seeded_encoder(tiny_encoder, 1) as folder:
        assert folder == tiny_encoder
