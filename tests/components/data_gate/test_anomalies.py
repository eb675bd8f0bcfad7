"""What TFDV finds in data that contradicts its schema, in our words."""

from __future__ import annotations

import pytest
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies  # pyright: ignore[reportAttributeAccessIssue]

from components.data_gate.anomalies import Anomaly, list_anomalies, no_rows
from tests.components.data_gate.profiles import statistics

EVERY = "presence { min_fraction: 1.0 min_count: 1 } shape { dim { size: 1 } }"
SCHEMA = text_format.Parse(
    f"""
    feature {{ name: "label" type: BYTES {EVERY} string_domain {{ value: "neg" value: "pos" }} }}
    feature {{ name: "words" type: INT {EVERY} int_domain {{ min: 2 max: 50000 }} }}
    feature {{ name: "rate" type: FLOAT {EVERY} float_domain {{ min: 0.0 max: 1.0 }} }}
    """,
    schema_pb2.Schema(),
)
LABELS = ["pos", "neg"] * 20


def found(**changed):
    """The anomalies of data that is right but for these columns; None leaves one out."""
    columns = {"label": LABELS, "words": [5, 6] * 20, "rate": [0.0, 0.5] * 20} | changed
    measured = statistics(**{name: values for name, values in columns.items() if values is not None})
    anomalies = tfdv.validate_statistics(measured, SCHEMA)
    return list_anomalies("eval", anomalies, SCHEMA, measured.datasets[0])


def test_data_as_its_schema_says_has_none():
    assert found() == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"label": ["pos"] * 39 + ["meh"]},
            'unknown value "meh" in 1 of 40 examples (2.5 %); the schema allows neg, pos',
        ),
        ({"words": [60_000] * 40}, "it goes up to 60,000, and the schema allows 50,000"),
        ({"words": [1] + [5] * 39}, "it goes down to 1, and the schema allows 2"),
        ({"rate": [1.5] * 40}, "it goes up to 1.5, and the schema allows 1"),
        ({"label": None}, "the schema demands it, but the data does not have it"),
        ({"label": [None, *LABELS[1:]]}, "it is missing in 1 of 40 examples, and the schema demands it in 100.0 %"),
        ({"label": [["pos", "neg"], *([label] for label in LABELS[1:])]}, "an example holds 1 to 2 values of it"),
        ({"words": ["five"] * 40}, "it is STRING, and the schema says INT"),
        ({"new": [1] * 40}, "the data has it, but the schema does not know it"),
    ],
)
def test_it_is_said_in_plain_words(changed, sentence):
    anomalies = found(**changed)
    [feature] = changed
    told = {anomaly.feature: anomaly for anomaly in anomalies}
    assert set(told) == {feature}
    assert any(anomaly.sentence.startswith(sentence) for anomaly in anomalies), anomalies
    assert all(anomaly.description and anomaly.kind != "UNKNOWN_TYPE" for anomaly in anomalies)


def test_many_unknown_values_are_cut():
    [anomaly] = found(label=[f"label {i}" for i in range(40)])
    assert anomaly.sentence.count("(2.5 %)") == 5
    assert "35 more" in anomaly.sentence


def test_an_empty_split_is_an_anomaly():
    measured = statistics(label=LABELS)
    [anomaly] = list_anomalies(
        "eval", text_format.Parse("data_missing: true", Anomalies()), SCHEMA, measured.datasets[0]
    )
    assert str(anomaly) == "split eval: there is no example"


def test_every_reason_is_listed_and_those_that_we_have_no_words_for_are_tfdvs():
    anomalies = text_format.Parse(
        """
        anomaly_info { key: "label" value {
          short_description: "Multiple errors" description: "One. Two."
          reason { short_description: "First" description: "One." }
          reason { short_description: "Second" description: "Two." } } }
        dataset_anomaly_info { short_description: "Low num examples" description: "Too few." }
        """,
        Anomalies(),
    )
    assert list_anomalies("test", anomalies, SCHEMA, statistics(label=LABELS).datasets[0]) == [
        Anomaly("test", "", "low num examples: Too few.", "UNKNOWN_TYPE", "Low num examples", "Too few."),
        Anomaly("test", "label", "first: One.", "UNKNOWN_TYPE", "First", "One."),
        Anomaly("test", "label", "second: Two.", "UNKNOWN_TYPE", "Second", "Two."),
    ]


@pytest.mark.parametrize("data", ["span 2", "users' texts"])
def test_what_is_no_split_is_not_called_one(data):
    assert str(Anomaly(data, "words", "they are longer", "", "", "")) == f"{data}, feature words: they are longer"
    assert str(no_rows(data)) == f"{data}: it has no row that can be used"
