from __future__ import annotations

import math

import pytest

from components.serving_check.parity import InProcessModel, ModelError, largest_difference
from tests.components.pusher.tiny_model import FailingModel, LengthModel, OtherInputModel, SilentModel, write_model


def test_the_model_scores_every_text_in_order(tmp_path):
    model = InProcessModel(str(write_model(tmp_path, LengthModel())))
    texts = [b"x" * (number % 11) for number in range(70)]
    assert model.score(texts) == [[pytest.approx(number % 11 / 10)] for number in range(70)]


def test_bytes_that_are_no_utf8_are_scored(tmp_path):
    assert InProcessModel(str(write_model(tmp_path, LengthModel()))).score([b"\xff\xfe"]) == [[pytest.approx(0.2)]]


@pytest.mark.parametrize(
    ("model", "signature", "told"),
    [
        (FailingModel(), "serving_default", r"InvalidArgumentError: assertion failed: \[out of order\]"),
        (OtherInputModel(), "serving_default", "TypeError"),
        (LengthModel(), "other", "KeyError"),
    ],
)
def test_a_model_that_cannot_score_says_with_what(tmp_path, model, signature, told):
    folder = write_model(tmp_path, model, signature)
    with pytest.raises(ModelError, match=told):
        InProcessModel(str(folder)).score([b"text"])


def test_labels_are_not_needed(tmp_path):
    assert InProcessModel(str(write_model(tmp_path, SilentModel()))).score([b"text"]) == [[10.0]]


def test_a_folder_without_a_model_is_told(tmp_path):
    with pytest.raises(ModelError, match="OSError"):
        InProcessModel(str(tmp_path))


@pytest.mark.parametrize(
    ("served", "expected", "difference"),
    [
        ([[0.5], [0.25]], [[0.5], [0.75]], 0.5),
        ([[0.1, 0.9]], [[0.2, 0.9]], 0.1),
        ([], [], 0.0),
        ([[0.5]], [[0.5], [0.5]], math.inf),
        ([[0.5, 0.5]], [[0.5]], math.inf),
        ([[math.nan]], [[0.5]], math.inf),
        ([[math.nan]], [[math.nan]], math.inf),
    ],
)
def test_the_largest_difference(served, expected, difference):
    assert largest_difference(served, expected) == pytest.approx(difference)
