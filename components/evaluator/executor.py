"""What the step Evaluator does: measures candidate and served model on the same rows, judges, writes the verdict."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable
from typing import Any

from tensorflow_model_analysis.proto import config_pb2
from tfx.components.evaluator import constants
from tfx.components.evaluator import executor as tfx_executor
from tfx.dsl.io import fileio
from tfx.types import artifact, artifact_utils
from tfx.types import standard_component_specs as keys
from tfx.utils import path_utils, proto_utils

from components.errors import EvaluationError
from components.evaluator.baseline import Baseline, candidate_decisions, find_baseline
from components.evaluator.eval_config import BASELINE, CANDIDATE
from components.evaluator.gates import Verdict, judge
from components.evaluator.measure import Metrics, measure
from components.model_failure import cause_of

GATES = "gates"
LABELS = "labels"
CODE = "code"
VERDICT_FILE = "verdict.json"

_LOG = logging.getLogger(__name__)

Artifacts = dict[str, list[artifact.Artifact]]
Measure = Callable[[dict[str, str]], dict[str, Metrics]]


class Executor(tfx_executor.Executor):
    """TFX's Evaluator executor, with TFMA told to measure and not to validate, and our gates to judge.

    A subclass, because Kubeflow's container converts the blessing of Evaluator's executors by class.
    """

    def Do(  # noqa: N802 (the name is TFX's)
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]
    ) -> None:
        """Writes TFMA's evaluation, the blessing as TFX does, and `verdict.json` beside it.

        Raises:
            ConfigError: there is no gate.
            EvaluationError: the candidate cannot be scored, or is not of the configuration's labels.
        """
        candidate = path_utils.serving_model_dir(artifact_utils.get_single_uri(input_dict[keys.MODEL_KEY]))
        labels = json.loads(exec_properties[LABELS])
        decisions = {CANDIDATE: candidate_decisions(candidate, labels)}
        baseline = find_baseline(input_dict.get(keys.BASELINE_MODEL_KEY, []), candidate, labels)
        if baseline and baseline.decisions:
            decisions[BASELINE] = baseline.decisions
        measure_models = functools.partial(
            measure,
            decisions=decisions,
            examples=input_dict[keys.EXAMPLES_KEY],
            splits=json.loads(exec_properties[keys.EXAMPLE_SPLITS_KEY]),
            eval_config=_eval_config(exec_properties),
            output=artifact_utils.get_single_uri(output_dict[keys.EVALUATION_KEY]),
            make_pipeline=self._make_beam_pipeline,
        )
        metrics, baseline = measure_both(candidate, baseline, measure_models)
        verdict = judge(
            json.loads(exec_properties[GATES]),
            metrics[CANDIDATE],
            metrics.get(BASELINE),
            baseline_version=baseline.version if baseline else "",
            baseline_problem=baseline.problem if baseline else None,
        )
        blessing = artifact_utils.get_single_instance(output_dict[keys.BLESSING_KEY])
        _name_models(blessing, input_dict, baseline)
        _write_verdict(blessing, verdict)
        _LOG.info("%s: %s", "blessed" if verdict.blessed else "not blessed", "; ".join(verdict.reasons))


def measure_both(
    candidate: str, baseline: Baseline | None, measure_models: Measure
) -> tuple[dict[str, Metrics], Baseline | None]:
    """Metrics by model, and the baseline, with its problem if it turned out to have one.

    Args:
        candidate: SavedModel folder.
        baseline: the served model, or None.
        measure_models: from model name to folder, to metrics by model name.

    Raises:
        EvaluationError: the candidate cannot be measured.
    """
    if baseline is None or baseline.problem:
        return _measure_alone(candidate, measure_models), baseline
    if baseline.is_candidate:
        metrics = _measure_alone(candidate, measure_models)
        return {**metrics, BASELINE: metrics[CANDIDATE]}, baseline
    try:
        return measure_models({CANDIDATE: candidate, BASELINE: baseline.folder}), baseline
    except Exception as error:  # noqa: BLE001 (whatever a graph raises; the candidate's own raises again below)
        # Without the traceback: it repeats the texts of the batch.
        _LOG.warning("evaluating together with the served model failed with %s", cause_of(error))
        metrics = _measure_alone(candidate, measure_models)
        return metrics, baseline.with_problem(f"scoring it failed with {cause_of(error)}")


def _measure_alone(candidate: str, measure_models: Measure) -> dict[str, Metrics]:
    try:
        return measure_models({CANDIDATE: candidate})
    except Exception as error:
        raise EvaluationError(
            f"evaluating the trained model failed with {cause_of(error)}; "
            "the run's log says more, and the model's export must score every text"
        ) from error


def _eval_config(exec_properties: dict[str, Any]) -> config_pb2.EvalConfig:
    eval_config = config_pb2.EvalConfig()
    proto_utils.json_to_proto(exec_properties[keys.EVAL_CONFIG_KEY], eval_config)
    return eval_config


def _name_models(blessing: artifact.Artifact, input_dict: Artifacts, baseline: Baseline | None) -> None:
    """Records which models were compared, in TFX's properties."""
    model = artifact_utils.get_single_instance(input_dict[keys.MODEL_KEY])
    blessing.set_string_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri)
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
    if baseline:
        served = artifact_utils.get_single_instance(input_dict[keys.BASELINE_MODEL_KEY])
        blessing.set_string_custom_property(constants.ARTIFACT_PROPERTY_BASELINE_MODEL_URI_KEY, served.uri)
        blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BASELINE_MODEL_ID_KEY, served.id)


def _write_verdict(blessing: artifact.Artifact, verdict: Verdict) -> None:
    name, value = (
        (constants.BLESSED_FILE_NAME, constants.BLESSED_VALUE)
        if verdict.blessed
        else (constants.NOT_BLESSED_FILE_NAME, constants.NOT_BLESSED_VALUE)
    )
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, value)
    fileio.makedirs(blessing.uri)  # Kubeflow makes no output folders
    for file_name, text in ((VERDICT_FILE, verdict.to_json()), (name, "")):
        with fileio.open(f"{blessing.uri}/{file_name}", "w") as file:
            file.write(text)
