"""One side of scoring: the step Evaluator itself, as a run has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_beam_executor
from tfx.types import standard_artifacts
from tfx.types import standard_component_specs as keys
from tfx.utils import path_utils, proto_utils

from components.beam_engine import BEAM_ARGS
from components.evaluator import executor
from components.evaluator.eval_config import build_eval_config
from components.features import TEST
from pipeline.config_gates import Gate, Gates


def run(examples: Path, model: Path, labels: Mapping[str, Any], home: Path, resamples: int) -> Path:
    """Evaluates the model on the examples, with nothing to compare it with; returns the folder of the evaluation.

    Args:
        examples: the artifact's folder.
        model: the SavedModel's folder.
        labels: `kind`, `names` and `threshold`.
        home: a folder for what is written, which is made.
        resamples: draws of the bootstrap.
    """
    gates = Gates(metrics={"accuracy": Gate(at_least=0.0)}, min_examples=1, resamples=resamples).model_dump(mode="json")
    evaluation, blessing = standard_artifacts.ModelEvaluation(), standard_artifacts.ModelBlessing()
    evaluation.uri, blessing.uri = str(home / "evaluation"), str(home / "blessing")
    context = base_beam_executor.BaseBeamExecutor.Context(
        beam_pipeline_args=list(BEAM_ARGS), tmp_dir=str(home / "tmp"), unique_id="1"
    )
    executor.Executor(context).Do(
        {keys.EXAMPLES_KEY: [_examples(examples)], keys.MODEL_KEY: [_model(model, home / "model")]},
        {keys.EVALUATION_KEY: [evaluation], keys.BLESSING_KEY: [blessing]},
        {
            keys.EVAL_CONFIG_KEY: proto_utils.proto_to_json(build_eval_config(gates)),
            keys.EXAMPLE_SPLITS_KEY: json.dumps([TEST]),
            executor.GATES: json.dumps(gates),
            executor.LABELS: json.dumps(labels),
            executor.CODE: "",
        },
    )
    return home / "evaluation"


def _examples(folder: Path) -> standard_artifacts.Examples:
    artifact = standard_artifacts.Examples()
    artifact.uri = str(folder)
    artifact.split_names = json.dumps([TEST])
    artifact.set_string_custom_property("payload_format", "FORMAT_TF_EXAMPLE")
    return artifact


def _model(folder: Path, artifact_folder: Path) -> standard_artifacts.Model:
    """The SavedModel where TFX looks for it in an artifact."""
    artifact = standard_artifacts.Model()
    artifact.uri = str(artifact_folder)
    place = Path(path_utils.serving_model_dir(artifact.uri))
    place.parent.mkdir(parents=True)
    place.symlink_to(folder, target_is_directory=True)
    return artifact
