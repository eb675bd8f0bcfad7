from __future__ import annotations

from google.protobuf import json_format

from components.evaluator.eval_config import build_eval_config

LABELS = {"kind": "binary", "names": ["neg", "pos"], "threshold": 0.3}
GATES = {"metrics": {}, "slices": {"source=web": {}, "source=mail": {}, "length_band=300+": {}}}


def test_candidate_and_baseline_are_called_in_the_same_way():
    specs = build_eval_config(GATES, LABELS).model_specs
    assert [(spec.name, spec.is_baseline) for spec in specs] == [("candidate", False), ("baseline", True)]
    assert {(spec.signature_name, spec.label_key) for spec in specs} == {("serving_examples", "target")}


def test_every_gated_feature_is_sliced_by_once_after_the_whole():
    slices = [list(spec.feature_keys) for spec in build_eval_config(GATES, LABELS).slicing_specs]
    assert slices == [[], ["length_band"], ["source"]]


def test_lengths_are_always_sliced_by():
    slices = [list(spec.feature_keys) for spec in build_eval_config({}, LABELS).slicing_specs]
    assert slices == [[], ["length_band"]]


def test_labels_are_measured_one_by_one_where_there_are_several():
    assert not any(spec.HasField("binarize") for spec in build_eval_config(GATES, LABELS).metrics_specs)
    for kind in ("multilabel", "multiclass"):
        labels = {"kind": kind, "names": ["a", "b", "c"], "threshold": 0.5}
        whole, *by_label = build_eval_config(GATES, labels).metrics_specs
        assert not whole.HasField("binarize")
        assert [list(spec.binarize.class_ids.values) for spec in by_label] == [[0, 1, 2], [0, 1, 2]]


def test_it_survives_the_way_through_json():
    config = build_eval_config(GATES, LABELS)
    assert json_format.Parse(json_format.MessageToJson(config), type(config)()) == config
