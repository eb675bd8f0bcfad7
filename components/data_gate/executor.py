"""What the step DataGate does: reads every split's anomalies, compares spans, and fails where something is wrong."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies  # pyright: ignore[reportAttributeAccessIssue]
from tensorflow_metadata.proto.v0.statistics_pb2 import (  # pyright: ignore[reportAttributeAccessIssue]
    DatasetFeatureStatisticsList,
)
from tfx.components.example_validator import executor as example_validator
from tfx.components.statistics_gen import stats_artifact_utils
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact, artifact_utils

from components.curated_schema.component import SCHEMA_FILE
from components.data_gate.check import examine
from components.data_gate.files import ANOMALIES_FILE, REPORT_FILE
from components.data_gate.findings import Findings
from components.errors import DataGateError
from components.example_gen.profile import read_profiles

ANOMALIES = "anomalies"
STATISTICS = "statistics"
SCHEMA = "schema"
PROFILE = "profile"
BLESSING = "blessing"
CODE = "code"


class Executor(base_executor.BaseExecutor):
    """Blesses data without anomalies, and stops the run on any other."""

    def Do(  # noqa: N802 (the name is TFX's)
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `anomalies.json`: the number of examples by split, the anomalies, and what was compared with its
        distances; and the same for people as `report.md`.

        They lie in the output's folder where there are no anomalies. The launcher deletes that folder when a step
        fails, so they are then written beside it, in one whose name ends in `-stopped`.

        Raises:
            DataGateError: there are anomalies; it lists them. Or the schema has a comparator that compares nothing.
        """
        inputs = {name: artifact_utils.get_single_instance(given) for name, given in input_dict.items()}
        blessing = artifact_utils.get_single_instance(output_dict[BLESSING])
        findings = examine(
            _read_anomalies(inputs[ANOMALIES]),
            _read_statistics(inputs[STATISTICS]),
            _read_schema(inputs[SCHEMA]),
            read_profiles(inputs[PROFILE].uri),
        )
        if findings.anomalies:
            kept = f"{blessing.uri.rstrip('/')}-stopped"
            raise DataGateError(findings.message(_write(kept, findings)), kept)
        _write(blessing.uri, findings)


def _read_anomalies(anomalies: artifact.Artifact) -> dict[str, Anomalies]:
    read = {}
    for split in artifact_utils.decode_split_names(anomalies.split_names):
        folder = artifact_utils.get_split_uri([anomalies], split)
        with fileio.open(f"{folder}/{example_validator.DEFAULT_FILE_NAME}", "rb") as file:
            read[split] = Anomalies.FromString(file.read())
    return read


def _read_statistics(statistics: artifact.Artifact) -> dict[str, DatasetFeatureStatisticsList]:
    return {
        split: stats_artifact_utils.load_statistics(statistics, split).proto()
        for split in artifact_utils.decode_split_names(statistics.split_names)
    }


def _read_schema(schema: artifact.Artifact) -> schema_pb2.Schema:
    with fileio.open(f"{schema.uri}/{SCHEMA_FILE}") as file:
        return text_format.Parse(file.read(), schema_pb2.Schema())


def _write(folder: str, findings: Findings) -> str:
    """Writes both files into the folder; the path of the one for people."""
    fileio.makedirs(folder)
    with fileio.open(f"{folder}/{ANOMALIES_FILE}", "w") as file:
        file.write(json.dumps(findings.as_json(), indent=2, ensure_ascii=False))
    with fileio.open(f"{folder}/{REPORT_FILE}", "w") as file:
        file.write(findings.as_markdown())
    return f"{folder}/{REPORT_FILE}"
