from __future__ import annotations

import pytest
import tensorflow as tf
import tensorflow_hub as hub

from components.encoders.layers import (
    check_frozen_layers,
    check_layer_decay,
    count_layers,
    depth,
    trainable_names,
)
from components.errors import SettingsError


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("transformer/layer_0/self_attention/query/kernel:0", 1),
        ("layer_11/output/bias", 12),
        ("word_embeddings/embeddings", 0),
        ("pooler_transform/kernel", None),
        ("player_3/kernel", None),
    ],
)
def test_a_name_tells_how_high_its_variable_stands(name, expected):
    assert depth(name) == expected


def test_layers_are_counted_by_the_highest():
    assert count_layers(["layer_0/kernel", "transformer/layer_3/bias", "pooler"]) == 4
    assert count_layers(["embeddings", "pooler"]) == 0
    assert count_layers([]) == 0


def test_settings_that_fit_the_layers_pass():
    assert check_frozen_layers(2, 2) is None
    assert check_frozen_layers(0, 0) is None
    assert check_layer_decay(0.9, 2) is None
    assert check_layer_decay(1.0, 0) is None


def test_settings_that_do_not_fit_are_refused():
    with pytest.raises(SettingsError, match=r"training\.frozen_layers is 3, but the encoder has 2 layers .* lower it"):
        check_frozen_layers(3, 2)
    with pytest.raises(SettingsError, match=r"training\.layer_decay is 0\.9, but .* set it to 1"):
        check_layer_decay(0.9, 0)


def test_names_are_those_of_what_is_trained(tiny_encoder):
    layer = hub.KerasLayer(str(tiny_encoder), trainable=True)
    names = [variable.name.removesuffix(":0") for variable in layer.trainable_variables]
    assert trainable_names(tiny_encoder) == names
    assert count_layers(names) == 2


def test_a_saved_model_that_trains_nothing_has_no_names(tmp_path):
    model = tf.train.Checkpoint(weight=tf.Variable(tf.constant(1.0), name="layer_0/weight"))
    tf.saved_model.save(model, str(tmp_path))
    assert trainable_names(tmp_path) == []
