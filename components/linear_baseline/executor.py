"""What the step LinearBaseline does: learns on the train split, and writes what it answers for the others."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tfx.dsl.components.base import base_executor
from tfx.types import artifact, artifact_utils

from components.features import SPLITS
from components.linear_baseline import predictions
from components.linear_baseline.baseline import make_baseline
from components.linear_baseline.settings import Task

EXAMPLES = "examples"
PREDICTIONS = "predictions"
SETTINGS = "settings"
CODE = "code"


class Executor(base_executor.BaseExecutor):
    """Leaves predictions by example id. No model is kept: nobody serves it, and a pickle is code that others run."""

    def Do(  # noqa: N802 (the name is TFX's)
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes `predictions.parquet`, `decisions.json` and `summary.json`: see `predictions.write`.

        Raises:
            TrainingError: the train or the eval split is empty.
        """
        files = {split: _files(input_dict[EXAMPLES], split) for split in SPLITS}
        made = make_baseline(files, Task.from_json(exec_properties[SETTINGS]))
        folder = artifact_utils.get_single_uri(output_dict[PREDICTIONS])
        predictions.write(folder, made.scored, made.decisions, made.summary)


def _files(examples: list[artifact.Artifact], split: str) -> list[str]:
    folders = artifact_utils.get_split_uris(examples, split)
    return [file for folder in folders for file in sorted(tf.io.gfile.glob(f"{folder}/*.gz"))]
