from __future__ import annotations

from xml.etree import ElementTree

import pytest
import tensorflow as tf
import tensorflow_hub as hub
import tf_keras as keras

from components.features import ENCODER_INPUTS, INPUT_MASK
from components.trainer.drawing import describe, draw, layer_boxes, summarise, write_model_description
from tests.tiny_encoder import VOCABULARY

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def model(tiny_encoder):
    """An encoder, what takes its output together with an input, and two layers."""
    inputs = {name: keras.Input([None], dtype=tf.int32, name=name) for name in ENCODER_INPUTS}
    encoded = hub.KerasLayer(str(tiny_encoder), trainable=True, name="encoder")(inputs)
    mask = tf.cast(inputs[INPUT_MASK], tf.float32)[:, :, None]
    mean = keras.layers.Multiply(name="masked")([encoded["sequence_output"], mask])
    mean = keras.layers.GlobalAveragePooling1D(name="mean")(mean)
    hidden = keras.layers.Dense(8, name="hidden")(mean)
    return keras.Model(inputs, keras.layers.Dense(6, name="logits")(hidden), name="text_classifier")


@pytest.fixture(scope="module")
def trained(model):
    """All but a layer, and but the embeddings of the encoder: Keras does not know of either."""
    frozen = {weight.name for weight in model.get_layer("hidden").weights}
    return [
        each for each in model.trainable_variables if each.name not in frozen and "word_embeddings" not in each.name
    ]


@pytest.fixture(scope="module")
def boxes(model, trained):
    return {box.name: box for box in layer_boxes(model, trained)}


def test_boxes_know_shapes_and_parameters(boxes):
    assert boxes["input_word_ids"].shape == "(batch, tokens)"
    assert boxes["encoder"].shape == "sequence_output (batch, tokens, 32), pooled_output (batch, 32)"
    assert boxes["mean"].parameters == 0
    assert (boxes["hidden"].parameters, boxes["hidden"].trained) == (32 * 8 + 8, 0)
    assert (boxes["logits"].shape, boxes["logits"].trained) == ("(batch, 6)", 8 * 6 + 6)
    assert boxes["encoder"].parameters - boxes["encoder"].trained == len(VOCABULARY) * 32


def test_boxes_stand_below_what_they_take_from(boxes):
    assert set(boxes["encoder"].sources) == set(ENCODER_INPUTS)
    assert boxes["hidden"].sources == ("mean",)
    for box in boxes.values():
        assert box.row == max((boxes[source].row + 1 for source in box.sources), default=0)


def test_files_are_written_where_there_was_no_folder(model, trained, tmp_path):
    folder = tmp_path / "deep" / "folder"
    write_model_description(model, str(folder), trained)
    assert (folder / "model_summary.txt").read_text() == summarise(model, trained)
    assert (folder / "model.svg").read_text() == draw(model, trained)


def test_summary_tells_what_is_trained_and_not_what_keras_takes_to_be(model, trained):
    summary = summarise(model, trained)
    every, of_trained = (sum(weight.shape.num_elements() for weight in kept) for kept in (model.weights, trained))
    embeddings = len(VOCABULARY) * 32
    assert "encoder (KerasLayer)" in summary
    assert f"\nencoder: {of_trained - 54:,} parameters trained, {embeddings:,} frozen\n" in summary
    assert "\nhidden: 264 parameters, frozen\n" in summary
    assert [line for line in summary.splitlines() if " params: " in line] == [
        f"Total params: {every}",
        f"Trainable params: {of_trained}",
        f"Non-trainable params: {264 + embeddings}",
    ]


def test_url_is_written_to(model, trained):
    write_model_description(model, "ram://drawing/model", trained)
    assert tf.io.gfile.exists("ram://drawing/model/model_summary.txt")
    assert tf.io.gfile.exists("ram://drawing/model/model.svg")


def test_drawing_has_a_text_for_every_layer_and_a_description(model, trained, boxes):
    root = ElementTree.fromstring(draw(model, trained))
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
    assert description.text == describe(layer_boxes(model, trained))
    assert {root.get("aria-labelledby"), root.get("aria-describedby")} == {title.get("id"), description.get("id")}
