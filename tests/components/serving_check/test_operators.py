from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

from components.serving_check.operators import check_operators, operators, unlinked
from components.serving_check.releases import RELEASES, TEXT_OPERATORS
from tests.components.pusher.tiny_model import LengthModel, write_model
from tests.components.serving_check.candidates import TrimmingModel


@pytest.fixture(scope="module")
def trimming(tmp_path_factory) -> Path:
    return write_model(tmp_path_factory.mktemp("trimming"), TrimmingModel())


@pytest.mark.parametrize("release", RELEASES)
def test_a_model_of_plain_operators_is_served_by_every_release(tmp_path, release):
    check = check_operators(write_model(tmp_path, LengthModel()), release)
    assert check.passed, check.sentence
    assert check.value == 0


def test_an_operator_that_the_release_does_not_link_is_named(trimming):
    check = check_operators(trimming, "2.16")
    assert not check.passed
    assert check.value == 1
    assert check.sentence == (
        "TensorFlow Serving 2.16 does not have the operator TFText>RoundRobinTrim; "
        "build the model without, or set serving.release to a newer one that you serve with"
    )


def test_a_release_that_links_it_serves_it(trimming):
    assert check_operators(trimming, "2.20").passed


def test_operators_in_functions_count_and_the_functions_names_do_not():
    model = saved_model_pb2.SavedModel()
    graph = model.meta_graphs.add().graph_def
    graph.node.add(name="a", op="Const")
    function = graph.library.function.add()
    function.signature.name = "__inference_f_1"
    function.node_def.add(name="b", op="FastBertNormalize")
    graph.node.add(name="c", op="__inference_f_1")
    assert operators(model) == {"Const", "FastBertNormalize"}


@pytest.mark.parametrize("name", ["DecodeWebP", "DecodeJxl", "NoSuchOperator", "TFText>Utf8Binarize"])
def test_what_came_later_or_is_nobodys_is_unlinked(name):
    assert unlinked([name, "MatMul"], "2.19") == [name]


def test_every_operator_of_the_installed_tensorflow_text_is_known_as_its_own():
    assert all(op_def_registry.get(name) is not None for name in TEXT_OPERATORS)
    assert not [name for name in TEXT_OPERATORS if hasattr(tf.raw_ops, name)]


def test_a_graph_that_cannot_be_read_does_not_pass(tmp_path):
    assert not check_operators(tmp_path, "2.16").passed
    (tmp_path / "saved_model.pb").write_bytes(b"no graph")
    check = check_operators(tmp_path, "2.16")
    assert not check.passed
    assert check.value is None
    assert "cannot be read" in check.sentence
