from __future__ import annotations

import re

import pyarrow as pa
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_gate.comparators import DRIFT, SKEW
from components.data_gate.comparisons import (
    DIFFERENT,
    SAME,
    TOO_FEW_ROWS,
    Side,
    compare,
)
from components.data_gate.histograms import divergence
from components.data_gate.profile_statistics import profile_statistics
from components.features import NO_LABEL
from tests.components.data_gate.profiles import COMPARED, table


def schema(text=COMPARED):
    return text_format.Parse(text, schema_pb2.Schema())


def compared(kind, reference, current, text=COMPARED):
    sides = Side("span 6", profile_statistics(reference)), Side("span 7", profile_statistics(current))
    return {comparison.feature: comparison for comparison in compare(kind, *sides, schema(text))}


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("kind", [DRIFT, SKEW])
def test_equal_distributions_are_the_same(kind, seed):
    found = compared(kind, table(seed=100 + seed), table(seed=seed))
    assert {comparison.verdict for comparison in found.values()} == {SAME}
    for comparison in found.values():
        assert comparison.distance is not None
        assert comparison.noise is not None
        assert 0 <= comparison.distance < comparison.noise < comparison.threshold
    assert list(found) == (["label", "words", "tokens"] if kind == DRIFT else ["words", "unknown_rate"])


def test_a_label_rate_that_drifted_is_told_by_both_rates():
    found = compared(DRIFT, table(rate=0.064), table(rate=0.129, seed=1))
    assert found["label"].verdict == DIFFERENT
    assert str(found["label"]) == (
        "insincere 6.4 % in span 6, 12.9 % in span 7 (Jensen-Shannon 0.0089, more than 0.005)"
    )
    assert found["words"].verdict == SAME


def test_longer_texts_are_told_by_their_medians():
    found = compared(DRIFT, table(median=13), table(median=40, seed=1))
    assert {name for name, comparison in found.items() if comparison.verdict == DIFFERENT} == {"words", "tokens"}
    assert re.match(
        r"texts are longer: a median of 1\d \(95 % of them up to \d+\) words in span 6, "
        r"4\d \(95 % of them up to \d+\) in span 7 \(Jensen-Shannon 0\.\d+, more than 0\.03\)",
        str(found["words"]),
    ), str(found["words"])
    assert "tokens in span 6" in str(found["tokens"])


def test_what_the_encoder_does_not_know_is_told_by_its_share():
    found = compared(SKEW, table(unknown=0.01), table(unknown=0.3, seed=1, labelled=False))
    assert found["unknown_rate"].verdict == DIFFERENT
    assert str(found["unknown_rate"]).startswith("pieces that the encoder does not know: 0.2 % in span 6, 9.")


def test_too_few_rows_are_told_with_the_number_that_is_enough():
    found = compared(DRIFT, table(rate=0.064), table(rows=100, rate=0.11, seed=1))
    label = found["label"]
    assert label.verdict == TOO_FEW_ROWS
    assert (label.noise or 0) > label.threshold
    assert str(label).endswith("too few rows to say more (2,000 in span 6, 100 in span 7; 782 in each are enough)")


def labelled(*groups):
    """Rows that hold labels: (how many, which)."""
    held = [labels for rows, labels in groups for _ in range(rows)]
    return pa.table({"label": pa.array(held, pa.list_(pa.string()))})


def label_schema(threshold, shape="shape { dim { size: 1 } }"):
    comparator = f"drift_comparator {{ jensen_shannon_divergence {{ threshold: {threshold} }} }}"
    return f'feature {{ name: "label" type: BYTES {shape} {comparator} }}'


MANY = "value_count { max: 6 }"


def test_a_certain_difference_is_no_matter_of_few_rows():
    label = compared(DRIFT, labelled((300, ["a"])), labelled((300, ["b"])), label_schema(0.005))["label"]
    assert (label.noise or 0) > label.threshold
    assert label.verdict == DIFFERENT


def test_no_direction_is_told_of_what_is_the_same():
    words = compared(DRIFT, table(median=14), table(median=13.6, rows=200, seed=1))["words"]
    assert words.verdict != DIFFERENT
    assert words.change.startswith("lengths of texts: ")


def test_each_of_many_labels_is_compared_by_its_own_rate():
    before = labelled((60, ["toxic", "threat"]), (1940, ["toxic"]), (18_000, []))
    after = labelled((240, ["toxic", "threat"]), (1760, ["toxic"]), (18_000, []))
    label = compared(DRIFT, before, after, label_schema(0.002, MANY))["label"]
    assert label.distance == pytest.approx(divergence([60, 19_940], [240, 19_760]))
    assert label.verdict == DIFFERENT
    assert label.change.startswith("threat 0.3 % in span 6, 1.2 % in span 7; ")
    assert label.anomaly().short_description == "High drift"


def test_many_labels_that_stay_are_the_same():
    rows = labelled((60, ["toxic", "threat"]), (1940, ["toxic"]), (18_000, []))
    label = compared(DRIFT, rows, rows, label_schema(0.002, MANY))["label"]
    assert (label.verdict, label.distance, label.vanished) == (SAME, 0, ())


@pytest.mark.parametrize("shape", [MANY, "shape { dim { size: 1 } }"])
def test_a_label_that_vanished_is_a_drift_however_rare_it_was(shape):
    before = labelled((60, ["threat"]), (19_940, ["toxic"]))
    label = compared(DRIFT, before, labelled((20_000, ["toxic"])), label_schema(0.05, shape))["label"]
    assert (label.verdict, label.vanished) == (DIFFERENT, ("threat",))
    assert str(label).startswith("no threat any more in span 7: threat 0.3 % in span 6, 0.0 % in span 7")
    assert str(label).endswith("at most 0.05)")


def test_a_label_that_chance_may_leave_out_has_not_vanished():
    before = labelled((8, ["threat"]), (19_992, ["toxic"]))
    label = compared(DRIFT, before, labelled((20_000, ["toxic"])), label_schema(0.05))["label"]
    assert (label.verdict, label.vanished) == (SAME, ())


def test_more_than_a_thousand_labels_are_all_counted():
    names = [f"l{index:04d}" for index in range(1500)]
    before, after = (labelled(*((2, [name]) for name in order)) for order in (names, names[::-1]))
    label = compared(DRIFT, before, after, label_schema(0.9))["label"]
    assert label.distance == pytest.approx(0, abs=1e-6)


def test_rows_without_any_label_count_as_a_label():
    labels = pa.list_(pa.string())
    before = pa.table({"label": pa.array([["a", "b"]] * 100 + [[]] * 1900, labels)})
    after = pa.table({"label": pa.array([["a", "b"]] * 600 + [[]] * 1400, labels)})
    text = 'feature { name: "label" type: BYTES drift_comparator { jensen_shannon_divergence { threshold: 0.03 } } }'
    comparison = compared(DRIFT, before, after, text)["label"]
    assert comparison.verdict == DIFFERENT
    assert f"{NO_LABEL} 95.0 % in span 6, 70.0 % in span 7" in str(comparison)
    assert "a 5.0 % in span 6, 30.0 % in span 7" in str(comparison)


def test_a_new_label_is_a_drift():
    before = pa.table({"label": [["a"]] * 2000})
    after = pa.table({"label": [["a"]] * 1500 + [["b"]] * 500})
    text = 'feature { name: "label" type: BYTES drift_comparator { jensen_shannon_divergence { threshold: 0.03 } } }'
    comparison = compared(DRIFT, before, after, text)["label"]
    assert comparison.verdict == DIFFERENT
    assert "b 0.0 % in span 6, 25.0 % in span 7" in str(comparison)


def test_tfdvs_words_are_kept():
    anomaly = compared(DRIFT, table(), table(rate=0.2))["label"].anomaly()
    assert "Jensen-Shannon divergence" in anomaly.description
    assert anomaly.kind == "COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH"
