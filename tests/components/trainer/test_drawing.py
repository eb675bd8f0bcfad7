from __future__ import annotations

from xml.etree import ElementTree

import pytest
import tensorflow as tf
import tensorflow_hub as hub
import tf_keras as keras

from components.features import ENCODER_INPUTS, INPUT_MASK
from components.trainer.drawing import describe, draw, layer_boxes, write_model_description

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def model(tiny_encoder):
    """An encoder, what takes its output together with an input, and two layers of which one is frozen."""
    inputs = {name: keras.Input([None], dtype=tf.int32, name=name) for name in ENCODER_INPUTS}
    encoded = hub.KerasLayer(str(tiny_encoder), trainable=True, name="encoder")(inputs)
    mask = tf.cast(inputs[INPUT_MASK], tf.float32)[:, :, None]
    mean = keras.layers.Multiply(name="masked")([encoded["sequence_output"], mask])
    mean = keras.layers.GlobalAveragePooling1D(name="mean")(mean)
    hidden = keras.layers.Dense(8, name="hidden", trainable=False)(mean)
    return keras.Model(inputs, keras.layers.Dense(6, name="logits")(hidden), name="text_classifier")


@pytest.fixture(scope="module")
def boxes(model):
    return {box.name: box for box in layer_boxes(model)}


def test_boxes_know_shapes_and_parameters(boxes):
    assert boxes["input_word_ids"].shape == "(batch, tokens)"
    assert boxes["encoder"].shape == "sequence_output (batch, tokens, 32), pooled_output (batch, 32)"
    assert boxes["mean"].parameters == 0
    assert (boxes["hidden"].parameters, boxes["hidden"].trainable) == (32 * 8 + 8, 0)
    assert (boxes["logits"].shape, boxes["logits"].trainable) == ("(batch, 6)", 8 * 6 + 6)


def test_boxes_stand_below_what_they_take_from(boxes):
    assert set(boxes["encoder"].sources) == set(ENCODER_INPUTS)
    assert boxes["hidden"].sources == ("mean",)
    for box in boxes.values():
        assert box.row == max((boxes[source].row + 1 for source in box.sources), default=0)


def test_files_are_written_where_there_was_no_folder(model, tmp_path):
    folder = tmp_path / "deep" / "folder"
    write_model_description(model, str(folder))
    summary = (folder / "model_summary.txt").read_text()
    trained = sum(int(weight.shape.num_elements()) for weight in model.trainable_weights)
    assert "encoder (KerasLayer)" in summary
    assert f"Trainable params: {trained}" in summary
    assert "Non-trainable params: 264" in summary
    assert (folder / "model.svg").read_text() == draw(model)


def test_url_is_written_to(model):
    write_model_description(model, "ram://drawing/model")
    assert tf.io.gfile.exists("ram://drawing/model/model_summary.txt")
    assert tf.io.gfile.exists("ram://drawing/model/model.svg")


def test_drawing_has_a_text_for_every_layer_and_a_description(model, boxes):
    root = ElementTree.fromstring(draw(model))
    texts = [" ".join("".join(text.itertext()).split()) for text in root.iter(f"{SVG}text")]
    for box in boxes.values():
        title = f"{box.name} ({box.kind})"
        assert title in texts or (len(title) > 34 and any(text.endswith("...") for text in texts))
    assert "264 parameters, frozen" in texts
    assert root.get("role") == "img"
    title, description = (root.find(f"{SVG}{name}") for name in ("title", "desc"))
    assert title is not None
    assert title.text == "Layers of text_classifier"
    assert description is not None
    assert description.text == describe(layer_boxes(model))
    assert {root.get("aria-labelledby"), root.get("aria-describedby")} == {title.get("id"), description.get("id")}
