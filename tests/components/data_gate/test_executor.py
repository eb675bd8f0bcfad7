"""The gate behind TFX's own ExampleValidator, on data that is right and on data that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tfx.components.example_validator import executor as example_validator
from tfx.types import standard_artifacts

from components.data_gate import profile_statistics
from components.data_gate.artifact import DataBlessing
from components.data_gate.executor import Executor
from components.errors import DataGateError
from components.example_gen.artifact import Profile
from tests.components.data_gate.inputs import SCHEMA, write_inputs
from tests.components.data_gate.profiles import table

TYPES = {
    "anomalies": standard_artifacts.ExampleAnomalies,
    "statistics": standard_artifacts.ExampleStatistics,
    "schema": standard_artifacts.Schema,
    "profile": Profile,
}


@pytest.fixture
def gate(tmp_path):
    """Runs validator and gate on a table for each split and part, and returns the folder of the gate's output."""

    def run(splits, schema=SCHEMA, serving_expected=False, **parts):
        names = write_inputs(tmp_path, schema, splits, parts, serving_expected)
        inputs, blessing = {}, DataBlessing()
        for name, kind in TYPES.items():
            inputs[name] = kind()
            inputs[name].uri = str(tmp_path / name)
        inputs["statistics"].split_names = names
        blessing.uri = str(tmp_path / "gate")
        example_validator.Executor().Do(
            {name: [inputs[name]] for name in ("statistics", "schema")},
            {"anomalies": [inputs["anomalies"]]},
            {"exclude_splits": "[]"},
        )
        Executor().Do({name: [artifact] for name, artifact in inputs.items()}, {"blessing": [blessing]}, {"code": "c"})
        return Path(blessing.uri)

    return run


def content(folder):
    return json.loads((folder / "anomalies.json").read_text())


def unknown_label(**settings):
    return table(labels=("sincere", "meh"), **settings)


def test_data_as_its_schema_says_is_blessed(gate):
    found = content(gate({"train": table(rows=40), "test": table(rows=10)}))
    assert found["examples"] == {"train": 40, "test": 10}
    assert found["anomalies"] == found["comparisons"] == found["notes"] == []
    assert [line.rsplit(" ", 1)[1] for line in found["not_compared"]] == ["(drift).", "(skew)."]


def test_a_passed_comparison_can_be_read_with_its_distances(gate):
    folder = gate(
        {"train": table()}, newest=table(seed=1), previous=table(seed=2), serving=table(seed=3, labelled=False)
    )
    compared = {(c["kind"], c["feature"]): c for c in content(folder)["comparisons"]}
    assert set(compared) == {
        *(("drift", feature) for feature in ("label", "words", "tokens")),
        *(("skew", feature) for feature in ("words", "unknown_rate")),
    }
    words = compared["skew", "words"]
    assert (words["reference"], words["current"], words["verdict"]) == ("training data", "users' texts", "same")
    assert 0 < words["distance"] < words["noise"] < words["threshold"] == pytest.approx(0.05)
    report = (folder / "report.md").read_text()
    assert report.startswith("# Data gate\n\nPassed: 2,000 in train.")
    assert report.count("| same |") == 5


def test_an_unknown_label_stops_the_run_in_plain_words(gate, tmp_path):
    with pytest.raises(DataGateError) as raised:
        gate({"train": table(rows=40), "eval": unknown_label(rows=40, rate=0.025)})
    lines = str(raised.value).splitlines()
    assert lines[:2] == [
        "the data is not what its schema says (40 in train, 40 in eval):",
        '  eval  label  unknown value "meh" in 1 of 40 examples (2.5 %); the schema allows sincere, insincere',
    ]
    assert lines[2].startswith("mend the data; if it is right, allow it in the schema")
    assert lines[2].endswith(str(tmp_path / "gate-stopped" / "report.md"))
    assert len(lines) == 3
    [anomaly] = content(tmp_path / "gate-stopped")["anomalies"]
    assert (anomaly["split"], anomaly["feature"]) == ("eval", "label")
    assert "meh" in anomaly["description"]


def test_every_anomaly_of_every_split_is_listed_in_columns(gate):
    no_label = table(rows=30).drop(["label"])
    with pytest.raises(DataGateError) as raised:
        gate({"train": unknown_label(rows=40), "eval": table(rows=40), "test": no_label})
    lines = str(raised.value).splitlines()[1:-1]
    assert [line[:14] for line in lines] == ["  train  label", "  test   label"]


def test_drift_stops_the_run_and_names_the_spans(gate, tmp_path):
    with pytest.raises(DataGateError) as raised:
        gate({"train": table()}, newest=table(rate=0.129, median=40), previous=table(seed=1, median=13))
    message = str(raised.value)
    assert (
        "\n  span 7  label   insincere 6.4 % in span 6, 12.9 % in span 7 (Jensen-Shannon 0.0089, more than 0.005)"
        in message
    )
    assert "\n  span 7  words   texts are longer: a median of 1" in message
    assert "Stopped" in (tmp_path / "gate-stopped" / "report.md").read_text()


def test_users_texts_that_differ_from_training_stop_the_run(gate):
    with pytest.raises(DataGateError, match=r"users' texts  words  texts are longer: a median of 12 .* training data"):
        gate({"train": table()}, serving=table(median=30, labelled=False))


def test_too_few_rows_are_noted_and_stop_nothing(gate):
    folder = gate({"train": table()}, newest=table(rows=50, rate=0.1, seed=1), previous=table(seed=2))
    notes = content(folder)["notes"]
    assert len(notes) == 3
    assert notes[0].startswith("drift of label: insincere 6.4 % in span 6, 10.0 % in span 7; too few rows")
    assert notes[1].startswith("drift of words: lengths of texts: a median of")
    assert (folder / "report.md").read_text().count("| too few rows |") == 3


def test_what_few_rows_make_certain_stops_the_run(gate):
    with pytest.raises(DataGateError, match=r"span 7 +label +insincere 6\.4 % in span 6, 50\.0 % in span 7 \(Jensen"):
        gate({"train": table()}, newest=table(rows=50, rate=0.5), previous=table(seed=1))


@pytest.mark.parametrize(("newest", "previous", "named"), [(0, 2000, "span 7"), (2000, 0, "span 6")])
def test_a_span_without_usable_rows_stops_the_run(gate, newest, previous, named):
    with pytest.raises(DataGateError, match=rf"\n  {named}    it has no row that can be used\n"):
        gate({"train": table()}, newest=table()[:newest], previous=table()[:previous])


def test_a_first_span_is_compared_with_none(gate):
    found = content(gate({"train": table()}, newest=table()))
    assert found["not_compared"][0].startswith("There is no earlier span")


def test_configured_texts_of_users_of_which_none_can_be_used_stop_the_run(gate):
    with pytest.raises(DataGateError, match=r"users' texts    it has no row that can be used"):
        gate({"train": table()}, serving_expected=True)


def test_what_is_not_configured_is_said_so(gate):
    found = content(gate({"train": table()}))
    assert found["not_compared"][1].startswith("No texts of users are configured (data.serving)")


def test_a_large_span_is_compared_by_a_sample_and_the_report_says_so(gate, monkeypatch):
    monkeypatch.setattr(profile_statistics, "MOST_ROWS", 1000)
    folder = gate({"train": table()}, newest=table(seed=1), previous=table(rows=900, seed=2))
    found = content(folder)
    assert {(c["reference_rows"], c["current_rows"]) for c in found["comparisons"]} == {(900, 1000)}
    told = "Of span 7's 2,000 rows 1,000 were compared"
    assert any(sentence.startswith(told) for sentence in found["not_compared"])
    assert told in (folder / "report.md").read_text()


def test_an_empty_split_stops_the_run(gate):
    with pytest.raises(DataGateError, match=r"eval +there is no example"):
        gate({"train": table(rows=40), "eval": table(rows=40)[:0]})


def test_a_comparator_that_compares_nothing_stops_the_run(gate):
    schema = SCHEMA + 'feature { name: "span" type: INT drift_comparator { jensen_shannon_divergence {} } }'
    with pytest.raises(DataGateError, match="drift_comparator for span, which is not compared"):
        gate({"train": table(rows=40)}, schema)
