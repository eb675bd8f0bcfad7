from __future__ import annotations

import pytest
import tensorflow_data_validation as tfdv

from components.curated_schema.statistics import statistics_of, stats_options
from tests.components.curated_schema.examples import write_examples

LABELS = ["neg", "pos"]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    return statistics_of(
        {"train": write_examples(folder / "a", 200, LABELS), "eval": write_examples(folder / "b", 50, LABELS, seed=1)}
    )


def test_the_options_survive_json_as_tfx_needs():
    given, read = stats_options(), tfdv.StatsOptions.from_json(stats_options().to_json())
    assert read.to_json() == given.to_json()
    assert read.schema == given.schema


def test_every_split_is_measured(measured):
    assert {split: of.datasets[0].num_examples for split, of in measured.items()} == {"train": 200, "eval": 50}


def test_no_text_and_no_id_stands_in_the_statistics(measured):
    features = {feature.path.step[0]: feature for feature in measured["train"].datasets[0].features}
    for name in ("text", "id"):
        assert features[name].string_stats.common_stats.num_non_missing == 200
        assert not features[name].string_stats.top_values
    assert b"word word" not in measured["train"].SerializeToString()


def test_labels_are_counted(measured):
    features = {feature.path.step[0]: feature for feature in measured["train"].datasets[0].features}
    buckets = features["label"].string_stats.rank_histogram.buckets
    assert {bucket.label: bucket.sample_count for bucket in buckets} == {"neg": 100, "pos": 100}
