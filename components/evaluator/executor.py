"""What the step Evaluator does: measures candidate and rivals on the same rows, judges, writes the verdict."""

from __future__ import annotations

import dataclasses
import functools
import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from tensorflow_model_analysis.proto import config_pb2
from tfx.components.evaluator import constants
from tfx.components.evaluator import executor as tfx_executor
from tfx.dsl.io import fileio
from tfx.types import artifact, artifact_utils
from tfx.types import standard_component_specs as keys
from tfx.utils import path_utils, proto_utils

from components import progress
from components.errors import EvaluationError
from components.evaluator.baseline import Baseline, candidate_decisions, find_baseline
from components.evaluator.bootstrap import resample
from components.evaluator.decisions import Decisions
from components.evaluator.gates import judge
from components.evaluator.intervals import Resampled
from components.evaluator.linear import LinearBaseline, find_linear
from components.evaluator.measure import Metrics, Task, measure
from components.evaluator.names import CANDIDATE, LINEAR, OVERALL, SERVED, slice_feature
from components.evaluator.predictions import read_predictions
from components.evaluator.verdict import VERDICT_FILE, Rival, Verdict
from components.evaluator.wanted import wanted_figures
from components.model_failure import cause_of

GATES = "gates"
LABELS = "labels"
CODE = "code"
LINEAR_BASELINE = "linear_baseline"

_LOG = logging.getLogger(__name__)
_TOLD_AFTER_SECONDS = 10  # draws: most are done before anybody would ask

Artifacts = dict[str, list[artifact.Artifact]]
MeasureModels = Callable[[dict[str, str]], dict[str, Metrics]]
"""From model name to folder, to metrics by model name, the linear baseline's among them."""


class Executor(tfx_executor.Executor):
    """TFX's Evaluator executor, with TFMA told to measure and not to validate, and our gates to judge.

    A subclass, because Kubeflow's container converts the blessing of Evaluator's executors by class.
    """

    def Do(  # noqa: N802 (the name is TFX's)
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]
    ) -> None:
        """Writes TFMA's evaluation with the predictions, the blessing as TFX does, and `verdict.json` beside it.

        Raises:
            ConfigError: there is no gate.
            EvaluationError: the candidate cannot be scored, or is not of the configuration's labels.
        """
        gates, labels = json.loads(exec_properties[GATES]), json.loads(exec_properties[LABELS])
        candidate = path_utils.serving_model_dir(artifact_utils.get_single_uri(input_dict[keys.MODEL_KEY]))
        own = candidate_decisions(candidate, labels)
        task = Task(
            examples=input_dict[keys.EXAMPLES_KEY],
            splits=json.loads(exec_properties[keys.EXAMPLE_SPLITS_KEY]),
            eval_config=_eval_config(exec_properties),
            output=artifact_utils.get_single_uri(output_dict[keys.EVALUATION_KEY]),
            make_pipeline=self._make_beam_pipeline,
            gated=[slice_feature(name) for name in gates.get("slices") or {}],
            **identity_settings(gates, own),
        )
        baseline = find_baseline(input_dict.get(keys.BASELINE_MODEL_KEY, []), candidate, labels)
        linear = find_linear(input_dict.get(LINEAR_BASELINE, []), own, task.splits)
        measure_models = functools.partial(_measure, task, own, baseline, linear)
        metrics, baseline = measure_both(candidate, baseline, measure_models)
        verdict = _judge(gates, task, metrics, baseline, linear)
        blessing = artifact_utils.get_single_instance(output_dict[keys.BLESSING_KEY])
        _name_models(blessing, input_dict, baseline)
        _write_verdict(blessing, verdict)
        _LOG.info("%s: %s", "blessed" if verdict.blessed else "not blessed", "; ".join(verdict.reasons))


def measure_both(
    candidate: str, baseline: Baseline | None, measure_models: MeasureModels
) -> tuple[dict[str, Metrics], Baseline | None]:
    """Metrics by model, and the baseline, with its problem if it turned out to have one.

    Args:
        candidate: SavedModel folder.
        baseline: the served model, or None.
        measure_models: measures.

    Raises:
        EvaluationError: the candidate cannot be measured.
    """
    if baseline is None or baseline.problem:
        return _measure_alone(candidate, measure_models), baseline
    if baseline.is_candidate:
        metrics = _measure_alone(candidate, measure_models)
        return {**metrics, SERVED: metrics[CANDIDATE]}, baseline
    try:
        return measure_models({CANDIDATE: candidate, SERVED: baseline.folder}), baseline
    except EvaluationError:
        raise  # of the linear baseline, which is no fault of either model
    except Exception as error:  # noqa: BLE001 (whatever a graph raises; the candidate's own raises again below)
        # Without the traceback: it repeats the texts of the batch.
        _LOG.warning("evaluating together with the served model failed with %s", cause_of(error))
        metrics = _measure_alone(candidate, measure_models)
        return metrics, baseline.with_problem(f"scoring it failed with {cause_of(error)}")


def identity_settings(gates: Mapping[str, Any], decisions: Decisions) -> dict[str, Any]:
    """The groups of people that metrics are sliced by, as `Task` takes them."""
    identities = gates.get("identities")
    if not identities:
        return {}
    label = identities.get("label")
    place = decisions.scored.index(label) if label in decisions.scored else 0
    return {"terms": identities["terms"], "group_label": place}


def _measure(
    task: Task,
    own: Decisions,
    baseline: Baseline | None,
    linear: LinearBaseline | None,
    models: Mapping[str, str],
) -> dict[str, Metrics]:
    decisions = {CANDIDATE: own}
    if SERVED in models and baseline and baseline.decisions:
        decisions[SERVED] = baseline.decisions
    if linear and linear.decisions:
        decisions[LINEAR] = linear.decisions
    return measure(task, models, decisions, linear.scores if linear else None)


def _measure_alone(candidate: str, measure_models: MeasureModels) -> dict[str, Metrics]:
    try:
        return measure_models({CANDIDATE: candidate})
    except EvaluationError:
        raise
    except Exception as error:
        raise EvaluationError(
            f"evaluating the trained model failed with {cause_of(error)}; "
            "the run's log says more, and the model's export must score every text"
        ) from error


def _judge(
    gates: Mapping[str, Any],
    task: Task,
    metrics: Mapping[str, Metrics],
    baseline: Baseline | None,
    linear: LinearBaseline | None,
) -> Verdict:
    rivals = {}
    if baseline:
        rivals[SERVED] = Rival(metrics.get(SERVED), baseline.problem, baseline.version)
    if linear:
        rivals[LINEAR] = Rival(metrics.get(LINEAR), linear.problem)
    resampled = _resample(gates, task, metrics)
    return judge(gates, metrics[CANDIDATE], rivals, resampled)


def _resample(gates: Mapping[str, Any], task: Task, metrics: Mapping[str, Metrics]) -> Resampled | None:
    """The bootstrap around what was measured; None where it is turned off, or there is nothing to draw from."""
    draws, own = gates.get("resamples", 0), metrics[CANDIDATE]
    if not draws or OVERALL not in own:
        return None
    predictions = read_predictions(task.output)
    if SERVED in metrics and SERVED not in predictions.scores:  # the candidate is the served model
        same = {SERVED: predictions.scores[CANDIDATE]}, {SERVED: predictions.decisions[CANDIDATE]}
        predictions = dataclasses.replace(
            predictions, scores=predictions.scores | same[0], decisions=predictions.decisions | same[1]
        )
    wanted = wanted_figures(gates, metrics)
    began = time.monotonic()

    def advance(done: int, total: int) -> None:
        if time.monotonic() - began > _TOLD_AFTER_SECONDS:
            progress.report(progress.Progress(done, total, "draws of the bootstrap"))

    return resample(predictions, wanted, draws, gates["confidence"], group_label=task.group_label, advance=advance)


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
