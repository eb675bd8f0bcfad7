"""The gate's inputs, as folders that the steps before it leave."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_gate.check import validate
from components.example_gen.profile import NEWEST, PREVIOUS, write_spans
from tests.components.data_gate.profiles import COMPARED, statistics_of_table

SCHEMA = (
    COMPARED.replace(
        "drift_comparator { jensen_shannon_divergence { threshold: 0.005 } }",
        """presence { min_fraction: 1.0 min_count: 1 } shape { dim { size: 1 } }
    string_domain { value: "sincere" value: "insincere" }
    drift_comparator { jensen_shannon_divergence { threshold: 0.005 } }""",
    )
    + 'feature { name: "characters" type: INT int_domain { max: 50000 } }'
)


def write_inputs(folder, schema, splits, parts, serving_expected=False):
    """Writes anomalies, statistics, schema and profile into folders of those names.

    Args:
        folder: where.
        schema: its text.
        splits: a table for each, whose columns are the Examples' features.
        parts: a table for each part of the profile; one without rows is of a span that is numbered, and not written.
        serving_expected: whether users' texts are configured.
    """
    measured = {split: statistics_of_table(table) for split, table in splits.items()}
    anomalies = validate(measured, text_format.Parse(schema, schema_pb2.Schema()))
    for split in splits:
        _write(folder / "statistics" / f"Split-{split}" / "FeatureStats.pb", measured[split])
        _write(folder / "anomalies" / f"Split-{split}" / "SchemaDiff.pb", anomalies[split])
    (folder / "schema").mkdir()
    (folder / "schema" / "schema.pbtxt").write_text(schema)
    profile = folder / "profile"
    newest, previous = (number if part in parts else None for part, number in ((NEWEST, 7), (PREVIOUS, 6)))
    write_spans(str(profile), newest, previous, serving_expected)
    for part, table in parts.items():
        if not table.num_rows:
            continue
        (profile / part).mkdir()
        pq.write_table(table, profile / part / "00000-00000.parquet")
    return json.dumps(list(splits))


def _write(path, message):
    path.parent.mkdir(parents=True)
    path.write_bytes(message.SerializeToString())
