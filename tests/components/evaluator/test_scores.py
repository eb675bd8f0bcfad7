from __future__ import annotations

import math

import apache_beam as beam
import numpy as np
import pytest
import tensorflow_model_analysis as tfma

from components.evaluator.decisions import Decisions
from components.evaluator.eval_config import INVALID_SCORE
from components.evaluator.scores import keep_valid_scores, with_valid_scores

SCORES = np.array([[0.0], [0.25], [1.0]], np.float32)
DECISIONS: dict[str, Decisions] = dict.fromkeys(("candidate", "baseline"), Decisions("binary", ("neg", "pos"), (0.25,)))
WORDS = np.array([["neg"], ["neg"], ["pos"]])


def _kept(predictions):
    extracts = {tfma.PREDICTIONS_KEY: predictions, "labels": "as they were"}
    kept = keep_valid_scores(extracts, DECISIONS)
    assert kept["labels"] == "as they were"
    assert extracts[tfma.PREDICTIONS_KEY] is predictions
    return kept[tfma.PREDICTIONS_KEY]


def test_probabilities_stay_as_they_are_and_answers_go():
    kept = _kept({"scores": SCORES, "predicted": WORDS})
    assert list(kept) == ["scores", "decided"]
    assert kept["scores"].dtype == np.float32
    np.testing.assert_array_equal(kept["scores"], SCORES)
    np.testing.assert_array_equal(kept["decided"], [[0], [1], [1]])


def test_each_model_keeps_its_own():
    kept = _kept({"candidate": {"scores": SCORES, "predicted": WORDS}, "baseline": {"scores": 1 - SCORES}})
    np.testing.assert_array_equal(kept["candidate"]["scores"], SCORES)
    np.testing.assert_array_equal(kept["baseline"]["scores"], 1 - SCORES)


def test_the_only_output_of_a_signature_is_its_scores():
    np.testing.assert_array_equal(_kept(SCORES)["scores"], SCORES)
    np.testing.assert_array_equal(_kept({"candidate": SCORES, "baseline": SCORES})["baseline"]["scores"], SCORES)


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf, -1e-6, 1.0001])
def test_what_is_no_probability_is_marked(score):
    kept = _kept({"scores": np.array([[0.5], [score]], np.float32)})
    np.testing.assert_array_equal(kept["scores"], np.array([[0.5], [INVALID_SCORE]], np.float32))


def test_an_empty_batch_stays_empty():
    assert _kept({"scores": np.zeros((0, 1), np.float32)})["scores"].shape == (0, 1)


def test_it_comes_right_after_tfmas_predictions():
    stages = ["ExtractFeatures", "ExtractPredictions", "ExtractSliceKeys"]
    ours = with_valid_scores(
        [tfma.extractors.Extractor(stage_name=name, ptransform=beam.Map(str)) for name in stages], DECISIONS
    )
    assert [extractor.stage_name for extractor in ours] == [
        "ExtractFeatures", "ExtractPredictions", "KeepValidScores", "ExtractSliceKeys"
    ]  # fmt: skip


def test_a_row_with_one_score_that_is_no_probability_is_marked_whole():
    decisions = {"candidate": Decisions("multilabel", ("a", "b"), (0.5, 0.5))}
    scores = np.array([[0.5, math.nan], [0.5, 0.4]], np.float32)
    kept = keep_valid_scores({tfma.PREDICTIONS_KEY: {"scores": scores}}, decisions)[tfma.PREDICTIONS_KEY]
    np.testing.assert_array_equal(kept["scores"], np.array([[INVALID_SCORE] * 2, [0.5, 0.4]], np.float32))
    np.testing.assert_array_equal(kept["decided"][1], [1, 0])
