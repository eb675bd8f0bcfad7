from __future__ import annotations

import pytest
import tensorflow as tf

from components.errors import PushError
from components.model_folder import model_digest
from pipeline.published import score_published
from tests.components.pusher.tiny_model import PairModel, write_model


class Variable(tf.Module):
    """A SavedModel without a variable is no complete one."""

    def __init__(self) -> None:
        super().__init__()
        self.variable = tf.Variable(tf.zeros([]))


class LengthModel(Variable):
    """Scores a text by its length, with the signature of ours."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def serve(self, text):
        """A text of ten bytes or more is certainly positive."""
        scores = tf.minimum(tf.cast(tf.strings.length(text), tf.float32) / 10.0, 1.0)[:, None]
        return {"scores": scores, "predicted": tf.where(scores[:, 0] >= 0.5, "pos", "neg")}


@pytest.fixture
def folder(tmp_path):
    model = LengthModel()
    path = tmp_path / "served" / "7"
    tf.saved_model.save(model, str(path), signatures={"serving_default": model.serve})
    return path


def test_the_texts_are_scored_by_the_signature_that_tf_serving_calls(folder):
    scored = score_published(str(folder), model_digest(folder), ["a", "abcdefghij"])
    assert [(answer.text, answer.predicted) for answer in scored] == [("a", "neg"), ("abcdefghij", "pos")]
    assert [answer.scores["0"] for answer in scored] == pytest.approx([0.1, 1.0])


def test_of_pairs_and_several_labels_each_is_told_by_its_name(tmp_path):
    folder = write_model(tmp_path / "9", PairModel())
    (folder / "assets.extra").mkdir()
    (folder / "assets.extra" / "decisions.json").write_text(
        '{"kind": "multilabel", "names": ["first", "second"], "thresholds": [0.5, 0.5]}'
    )
    [scored] = score_published(str(folder), model_digest(folder), [["a", "abcdefghij"]])
    assert scored.text == ("a", "abcdefghij")
    assert scored.scores == pytest.approx({"first": 0.1, "second": 1.0})
    assert scored.predicted == ("second",)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "cannot be used"),
        ('{"kind": "multilabel", "names": "ab", "thresholds": [0.5, 0.5]}', "no list of texts"),
        ('{"kind": "multilabel", "names": ["a", "b"], "thresholds": [0.5, 0.5]}', "names 2 label"),
    ],
)
def test_what_a_model_says_of_its_labels_is_checked(folder, content, told):
    (folder / "assets.extra").mkdir()
    (folder / "assets.extra" / "decisions.json").write_text(content)
    with pytest.raises(PushError, match=told):
        score_published(str(folder), model_digest(folder), ["a"])


def test_without_texts_it_is_still_loaded_and_called(folder):
    assert score_published(str(folder), model_digest(folder), []) == []


def test_another_model_than_the_one_pushed_is_refused(folder):
    with pytest.raises(PushError):
        score_published(str(folder), "another", ["a"])


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/variables.index"])
def test_a_version_that_cannot_be_loaded_is_refused(folder, name):
    (folder / name).write_bytes(b"damaged")
    with pytest.raises(PushError, match="cannot be loaded"):
        score_published(str(folder), model_digest(folder), ["a"])


def test_a_model_without_the_signature_is_refused(tmp_path):
    module = Variable()
    path = tmp_path / "8"
    tf.saved_model.save(module, str(path))
    with pytest.raises(PushError, match="cannot be loaded and called"):
        score_published(str(path), model_digest(path), ["a"])
