from __future__ import annotations

import pytest

from components.errors import PushError
from components.pusher.probe import load_and_score, prove_usable
from tests.components.pusher import tiny_model
from tests.components.pusher.tiny_model import LengthModel, write_model


def test_texts_are_scored_in_order_by_the_signature_that_tf_serving_calls(tmp_path):
    folder = write_model(tmp_path / "model", LengthModel())
    doubtful, certain = load_and_score(str(folder), ["a", "abcdefghijk"])
    assert isinstance(doubtful.scores[0], float)
    assert doubtful.scores == pytest.approx((0.1,))
    assert doubtful.predicted == "neg"
    assert certain == ((1.0,), "pos")


def test_pairs_are_scored_with_a_truth_for_each_label(tmp_path):
    folder = str(write_model(tmp_path / "model", tiny_model.PairModel()))
    [answer] = load_and_score(folder, [("a", "abcdefghijk")])
    assert answer.scores == pytest.approx((0.1, 1.0))
    assert answer.predicted == (False, True)
    assert prove_usable(folder) is None


@pytest.mark.parametrize(("model", "texts"), [(tiny_model.PairModel, ["a"]), (LengthModel, [("a", "b")])])
def test_as_many_texts_as_the_model_takes_are_needed(tmp_path, model, texts):
    folder = str(write_model(tmp_path / "model", model()))
    with pytest.raises(PushError, match="so that each sample must have"):
        load_and_score(folder, texts)


def test_no_texts_have_no_scores_and_a_broken_model_is_found_all_the_same(tmp_path):
    assert load_and_score(str(write_model(tmp_path / "sound", LengthModel())), []) == []
    with pytest.raises(PushError, match="out of order"):
        load_and_score(str(write_model(tmp_path / "broken", tiny_model.FailingModel())), [])


def test_a_sound_model_is_usable(tmp_path):
    assert prove_usable(str(write_model(tmp_path / "model", LengthModel()))) is None


@pytest.mark.parametrize(
    ("model", "cause"),
    [
        (tiny_model.FailingModel, r"InvalidArgumentError: assertion failed: \[out of order\]"),
        (tiny_model.SilentModel, "KeyError: 'predicted'"),
        (tiny_model.OtherInputModel, "TypeError: .*text"),
    ],
)
def test_a_model_that_cannot_be_called_as_ours_is_refused_with_the_cause(tmp_path, model, cause):
    folder = write_model(tmp_path / "model", model())
    with pytest.raises(
        PushError, match=f"the SavedModel in {folder} cannot be loaded and called as .*: {cause}.*; mend"
    ):
        prove_usable(str(folder))


def test_fewer_answers_than_texts_are_refused(tmp_path):
    folder = write_model(tmp_path / "model", tiny_model.OneAnswerModel())
    with pytest.raises(PushError, match="ValueError: zip"):
        load_and_score(str(folder), ["one", "two"])


def test_a_model_without_the_signature_is_refused(tmp_path):
    folder = write_model(tmp_path / "model", LengthModel(), signature="tokens")
    with pytest.raises(PushError, match=r"KeyError: .*serving_default"):
        prove_usable(str(folder))


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/variables.index"])
def test_a_damaged_file_is_refused(tmp_path, name):
    folder = write_model(tmp_path / "model", LengthModel())
    (folder / name).write_bytes(b"damaged")
    with pytest.raises(PushError, match="cannot be loaded and called"):
        prove_usable(str(folder))


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(PushError, match="cannot be loaded and called"):
        prove_usable(str(tmp_path / "gone"))
