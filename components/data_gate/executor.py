"""What the step DataGate does: reads every split's anomalies, and fails where there is one."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies  # pyright: ignore[reportAttributeAccessIssue]
from tfx.components.example_validator import executor as example_validator
from tfx.components.statistics_gen import stats_artifact_utils
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact, artifact_utils

from components.data_gate.anomalies import Anomaly, list_anomalies
from components.errors import DataGateError

ANOMALIES = "anomalies"
STATISTICS = "statistics"
BLESSING = "blessing"
CODE = "code"
ANOMALIES_FILE = "anomalies.json"


class Executor(base_executor.BaseExecutor):
    """Blesses data without anomalies, and stops the run on any other."""

    def Do(  # noqa: N802 (the name is TFX's)
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `anomalies.json`: the number of examples by split, and the anomalies.

        It lies in the output's folder where there are none. The launcher deletes that folder when a step fails, so the
        anomalies are then written beside it, in one whose name ends in `-stopped`.

        Raises:
            DataGateError: there are anomalies; it lists them.
        """
        blessing = artifact_utils.get_single_instance(output_dict[BLESSING])
        found = _read_anomalies(artifact_utils.get_single_instance(input_dict[ANOMALIES]))
        examples = _count_examples(artifact_utils.get_single_instance(input_dict[STATISTICS]))
        if found:
            file = _write(f"{blessing.uri.rstrip('/')}-stopped", examples, found)
            raise DataGateError(_message(found, examples, file))
        _write(blessing.uri, examples, found)


def _read_anomalies(anomalies: artifact.Artifact) -> list[Anomaly]:
    return [
        anomaly
        for split in artifact_utils.decode_split_names(anomalies.split_names)
        for anomaly in list_anomalies(split, _read_proto(anomalies, split))
    ]


def _read_proto(anomalies: artifact.Artifact, split: str) -> Anomalies:
    folder = artifact_utils.get_split_uri([anomalies], split)
    with fileio.open(f"{folder}/{example_validator.DEFAULT_FILE_NAME}", "rb") as file:
        return Anomalies.FromString(file.read())


def _count_examples(statistics: artifact.Artifact) -> dict[str, int]:
    return {
        split: stats_artifact_utils.load_statistics(statistics, split).proto().datasets[0].num_examples
        for split in artifact_utils.decode_split_names(statistics.split_names)
    }


def _write(folder: str, examples: dict[str, int], found: list[Anomaly]) -> str:
    """Writes `anomalies.json` into the folder; its path."""
    fileio.makedirs(folder)
    path = f"{folder}/{ANOMALIES_FILE}"
    content = {"examples": examples, "anomalies": [dataclasses.asdict(anomaly) for anomaly in found]}
    with fileio.open(path, "w") as file:
        file.write(json.dumps(content, indent=2))
    return path


def _message(found: list[Anomaly], examples: dict[str, int], file: str) -> str:
    lines = [f"  {anomaly}" for anomaly in found]
    counts = ", ".join(f"{count} in {split}" for split, count in examples.items())
    return "\n".join(
        [
            f"the data is not what its schema says ({counts}):",
            *lines,
            f"mend the data, or allow it in the schema if it is right; the same as JSON: {file}",
        ]
    )
