from __future__ import annotations

import json

import pytest
from google.protobuf import json_format

from components.evaluator.decisions import Decisions
from components.evaluator.eval_config import build_eval_config, for_models, sliced_features
from components.evaluator.names import CANDIDATE, LINEAR

GATES = {"metrics": {}, "slices": {"channel=web": {}, "channel=mail": {}, "length_band=300+": {}, "identity=men": {}}}
EVERY = ["length_band", "label", "span", "source"]
MANY = Decisions("multilabel", ("a", "b", "c"), (0.5, 0.4, 0.3))


def test_candidate_and_served_model_are_called_in_the_same_way():
    specs = build_eval_config(GATES).model_specs
    assert [spec.name for spec in specs] == ["candidate", "served", "linear"]
    assert {(spec.signature_name, spec.label_key) for spec in specs} == {("serving_examples", "target")}


def test_the_whole_comes_first_and_every_feature_is_sliced_by_once():
    config = build_eval_config(GATES, ["language", "source"])
    assert not config.slicing_specs[0].feature_keys
    assert sliced_features(config) == [*EVERY, "language", "channel"]


def test_groups_of_people_are_no_feature_of_an_example():
    assert "identity" not in sliced_features(build_eval_config(GATES))


def test_the_metric_is_told_what_each_model_decides_by():
    config = for_models(build_eval_config(GATES), {CANDIDATE: MANY, LINEAR: MANY}, ["men", "women"], 2)
    assert [spec.name for spec in config.model_specs] == ["candidate", "linear"]
    [specs] = config.metrics_specs
    [metric] = specs.metrics
    assert json.loads(metric.config) == {
        "kind": "multilabel",
        "names": ["a", "b", "c"],
        "thresholds": {"candidate": [0.5, 0.4, 0.3], "linear": [0.5, 0.4, 0.3]},
        "groups": ["men", "women"],
        "group_label": 2,
    }


@pytest.mark.parametrize("config", [build_eval_config(GATES), for_models(build_eval_config({}), {CANDIDATE: MANY})])
def test_it_survives_the_way_through_json(config):
    assert json_format.Parse(json_format.MessageToJson(config), type(config)()) == config
