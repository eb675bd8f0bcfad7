from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import json_format

from components.errors import ConfigError
from components.evaluator.eval_config import build_eval_config, largest_negative_score

GATES = {"metrics": {}, "slices": {"source=web": {}, "source=mail": {}, "length_band=300+": {}}}


@pytest.mark.parametrize("threshold", [0.5, 0.3, 0.1, 1e-6, 0.9999999, 1.0])
def test_a_score_above_it_is_a_score_at_or_above_the_threshold(threshold):
    limit = largest_negative_score(threshold)
    at = np.float32(threshold)
    assert float(at) > limit
    assert not float(np.nextafter(at, np.float32(0))) > limit


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.01, float("nan")])
def test_a_threshold_that_divides_nothing_is_refused(threshold):
    with pytest.raises(ConfigError, match=r"labels\.threshold"):
        build_eval_config(GATES, threshold)


def test_candidate_and_baseline_are_called_in_the_same_way():
    specs = build_eval_config(GATES, 0.5).model_specs
    assert [(spec.name, spec.is_baseline) for spec in specs] == [("candidate", False), ("baseline", True)]
    assert {(spec.signature_name, spec.label_key, spec.prediction_key) for spec in specs} == {
        ("serving_examples", "target", "scores")
    }


def test_every_gated_feature_is_sliced_by_once_after_the_whole():
    slices = [list(spec.feature_keys) for spec in build_eval_config(GATES, 0.5).slicing_specs]
    assert slices == [[], ["length_band"], ["source"]]


def test_lengths_are_always_sliced_by():
    slices = [list(spec.feature_keys) for spec in build_eval_config({}, 0.5).slicing_specs]
    assert slices == [[], ["length_band"]]


def test_it_survives_the_way_through_json():
    config = build_eval_config(GATES, 0.3)
    assert json_format.Parse(json_format.MessageToJson(config), type(config)()) == config
