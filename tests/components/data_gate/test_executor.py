"""The gate behind TFX's own ExampleValidator, on data that is right and on data that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import tensorflow_data_validation as tfdv
from tfx.components.example_validator import executor as example_validator
from tfx.types import standard_artifacts

from components.data_gate.artifact import DataBlessing
from components.data_gate.executor import Executor
from components.errors import DataGateError

SCHEMA = """
feature { name: "text" type: BYTES presence { min_fraction: 1.0 } }
feature { name: "label" type: BYTES presence { min_fraction: 1.0 } domain: "label" }
string_domain { name: "label" value: "neg" value: "pos" }
"""
GOOD = pd.DataFrame({"text": ["fine", "bad"] * 20, "label": ["pos", "neg"] * 20})
UNKNOWN_LABEL = pd.DataFrame({"text": ["fine"] * 40, "label": ["pos"] * 39 + ["meh"]})
NO_LABEL = pd.DataFrame({"text": ["fine"] * 30})


@pytest.fixture
def gate(tmp_path):
    """Runs validator and gate on a data frame for each split, and returns the folder of the gate's output."""

    def run(**frames):
        (tmp_path / "schema").mkdir()
        (tmp_path / "schema" / "schema.pbtxt").write_text(SCHEMA)
        schema, statistics = standard_artifacts.Schema(), standard_artifacts.ExampleStatistics()
        anomalies, blessing = standard_artifacts.ExampleAnomalies(), DataBlessing()
        for artifact, name in ((schema, "schema"), (statistics, "stats"), (anomalies, "anomalies"), (blessing, "gate")):
            artifact.uri = str(tmp_path / name)
        statistics.split_names = json.dumps(list(frames))
        for split, frame in frames.items():
            folder = tmp_path / "stats" / f"Split-{split}"
            folder.mkdir(parents=True)
            computed = tfdv.generate_statistics_from_dataframe(frame, n_jobs=1)
            (folder / "FeatureStats.pb").write_bytes(computed.SerializeToString())
        example_validator.Executor().Do(
            {"statistics": [statistics], "schema": [schema]}, {"anomalies": [anomalies]}, {"exclude_splits": "[]"}
        )
        Executor().Do({"anomalies": [anomalies], "statistics": [statistics]}, {"blessing": [blessing]}, {"code": "c"})
        return Path(blessing.uri)

    return run


def test_data_as_its_schema_says_is_blessed(gate):
    folder = gate(train=GOOD, test=GOOD[:10])
    assert json.loads((folder / "anomalies.json").read_text()) == {
        "examples": {"train": 40, "test": 10},
        "anomalies": [],
    }


def test_an_unknown_label_stops_the_run_in_plain_words(gate, tmp_path):
    with pytest.raises(DataGateError) as raised:
        gate(train=GOOD, eval=UNKNOWN_LABEL)
    lines = str(raised.value).splitlines()
    assert lines[0] == "the data is not what its schema says (40 in train, 40 in eval):"
    assert lines[1].startswith("  split eval, feature label: unexpected string values: ")
    assert "meh" in lines[1]
    assert lines[2].startswith("mend the data, or allow it in the schema if it is right")
    assert len(lines) == 3
    kept = tmp_path / "gate-stopped" / "anomalies.json"
    assert lines[2].endswith(str(kept))
    [anomaly] = json.loads(kept.read_text())["anomalies"]
    assert (anomaly["split"], anomaly["feature"]) == ("eval", "label")


def test_every_anomaly_of_every_split_is_listed(gate):
    with pytest.raises(DataGateError) as raised:
        gate(train=UNKNOWN_LABEL, eval=GOOD, test=NO_LABEL)
    places = [line.split(":")[0].strip() for line in str(raised.value).splitlines()[1:-1]]
    assert places == ["split train, feature label", "split test, feature label"]


def test_an_empty_split_stops_the_run(gate):
    with pytest.raises(DataGateError, match=r"split eval"):
        gate(train=GOOD, eval=GOOD[:0])
