from __future__ import annotations

from google.protobuf import text_format
from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies  # pyright: ignore[reportAttributeAccessIssue]

from components.data_gate.anomalies import Anomaly, list_anomalies


def _parse(text):
    return text_format.Parse(text, Anomalies())


def test_no_anomaly_is_an_empty_list():
    assert list_anomalies("train", Anomalies()) == []


def test_an_anomaly_reads_as_a_sentence():
    anomaly = Anomaly("train", "label", "Unexpected string values", "Values missing from the schema: meh (~3%).")
    assert str(anomaly) == (
        "split train, feature label: unexpected string values: Values missing from the schema: meh (~3%)."
    )


def test_an_anomaly_of_a_whole_split_names_no_feature():
    assert str(Anomaly("eval", "", "Low num examples", "Too few.")) == "split eval: low num examples: Too few."


def test_every_reason_of_a_feature_is_listed():
    anomalies = _parse("""
        anomaly_info {
          key: "label"
          value {
            short_description: "Multiple errors"
            description: "One. Two."
            reason { short_description: "First" description: "One." }
            reason { short_description: "Second" description: "Two." }
          }
        }
    """)
    assert list_anomalies("test", anomalies) == [
        Anomaly("test", "label", "First", "One."),
        Anomaly("test", "label", "Second", "Two."),
    ]


def test_an_anomaly_without_reasons_is_listed_by_its_summary():
    anomalies = _parse('anomaly_info { key: "id" value { short_description: "Dropped" description: "Gone." } }')
    assert list_anomalies("test", anomalies) == [Anomaly("test", "id", "Dropped", "Gone.")]


def test_features_come_in_order_after_the_split_as_a_whole():
    anomalies = _parse("""
        data_missing: true
        dataset_anomaly_info { short_description: "Low num examples" description: "Too few." }
        anomaly_info { key: "text" value { short_description: "T" } }
        anomaly_info { key: "label" value { short_description: "L" } }
    """)
    found = list_anomalies("eval", anomalies)
    assert [anomaly.feature for anomaly in found] == ["", "", "label", "text"]
    assert found[0].description == "The split holds no example."
