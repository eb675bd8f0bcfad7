"""The candidate, and the served model as its baseline: what they answer, and whether they can be compared at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2
from tfx.types import artifact
from tfx.utils import path_utils

from components import model_folder
from components.errors import EvaluationError
from components.evaluator import sentences
from components.evaluator.decisions import Decisions, DecisionsError, default_decisions, read_decisions
from components.evaluator.names import SERVED
from components.served_model import executor as served_model
from components.signatures import SCORES, SERVING_DEFAULT, SERVING_EXAMPLES

_GRAPH = "saved_model.pb"


@dataclasses.dataclass(frozen=True)
class Baseline:
    """The served model.

    `is_candidate`: the candidate is this very model, and need not be scored twice;
    `problem`: a sentence saying why it cannot be compared with, or None; `decisions`: how it answers, None where that
    cannot be told.
    """

    folder: str
    version: str
    is_candidate: bool
    problem: str | None
    decisions: Decisions | None = None

    def with_problem(self, cause: str) -> Baseline:
        """The same, known to be unusable."""
        return dataclasses.replace(self, problem=sentences.incomparable(SERVED, cause, self.version))


def candidate_decisions(folder: str, labels: Mapping[str, Any]) -> Decisions:
    """How the candidate answers.

    Args:
        folder: its SavedModel.
        labels: `kind`, `names` and `threshold` of the configuration's section `labels`.

    Raises:
        EvaluationError: that cannot be told, or it does not answer with those labels.
    """
    try:
        decisions = read_decisions(folder, labels)
        cause = difference_in_labels(decisions, default_decisions(labels)) or _wrong_number(folder, decisions)
    except (DecisionsError, _GraphError) as error:
        raise EvaluationError(f"the trained model cannot be evaluated: {error}; mend its export") from error
    if cause:
        raise EvaluationError(
            f"the trained model cannot be evaluated: {cause}, as labels.kind and labels.names say; mend its export"
        )
    return decisions


def find_baseline(served: Sequence[artifact.Artifact], candidate: str, labels: Mapping[str, Any]) -> Baseline | None:
    """The baseline in ServedModel's output, or None where nothing is served.

    Args:
        served: the artifacts of Evaluator's input `baseline_model`; none, where it was not connected.
        candidate: SavedModel folder of the candidate, of whose labels `candidate_decisions` is sure.
        labels: `kind`, `names` and `threshold` of the configuration's section `labels`.
    """
    if not served or served_model.digest(served[0]) is None:
        return None
    folder = path_utils.serving_model_dir(served[0].uri)
    version = served[0].get_string_custom_property(served_model.VERSION)
    if not served_model.is_intact(served[0]):
        # An object store's life-cycle rules may delete what Kubeflow's cache still answers with.
        return Baseline(folder, version, is_candidate=False, problem=None).with_problem(
            "its copy is gone from the run's artifacts, or another; run without the cache"
        )
    is_candidate = model_folder.model_digest(folder) == model_folder.model_digest(candidate)
    baseline = Baseline(folder, version, is_candidate, problem=None)
    try:
        baseline = dataclasses.replace(baseline, decisions=read_decisions(folder, labels))
        cause = _difference_in_signature(folder, candidate) or difference_in_labels(
            baseline.decisions, read_decisions(candidate, labels)
        )
    except (DecisionsError, _GraphError) as error:
        return baseline.with_problem(str(error))
    return baseline if cause is None else baseline.with_problem(cause)


def _difference_in_signature(folder: str, candidate: str) -> str | None:
    served, own = _signatures(folder), _signatures(candidate)
    served_shape, candidate_shape = _scores_shape(served), _scores_shape(own)
    if served_shape is None:
        return f"it has no signature {SERVING_EXAMPLES} with an output {SCORES}"
    if served_shape != candidate_shape:
        return f"its {SCORES} have the shape {served_shape}, the candidate's {candidate_shape}"
    inputs, candidate_inputs = _inputs(served), _inputs(own)
    if inputs and candidate_inputs and inputs != candidate_inputs:
        return f"it takes {' and '.join(inputs)}, the candidate {' and '.join(candidate_inputs)}"
    return None


def difference_in_labels(decisions: Decisions | None, other: Decisions) -> str | None:
    """What sets the labels of two models apart, None where nothing does."""
    if decisions is None or (decisions.kind, decisions.names) == (other.kind, other.names):
        return None
    return f"it answers with {_shown(decisions)}, not with {_shown(other)}"


def _shown(decisions: Decisions) -> str:
    return f"{decisions.kind} labels {list(decisions.names)}"


def _wrong_number(folder: str, decisions: Decisions) -> str | None:
    """Where the SavedModel tells how many scores it gives: whether they are as many as its labels."""
    shape = _scores_shape(_signatures(folder))
    if shape is None or len(shape) != 2 or shape[-1] in (-1, len(decisions.scored)):
        return None
    return f"it gives {shape[-1]} scores for {_shown(decisions)}"


class _GraphError(Exception):
    """A SavedModel's graph cannot be read."""


def _signatures(folder: str) -> Mapping[str, Any]:
    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString((Path(folder) / _GRAPH).read_bytes())
        return model.meta_graphs[0].signature_def
    except (OSError, DecodeError, IndexError) as error:
        raise _GraphError(
            f"its {_GRAPH} cannot be read ({type(error).__name__}), it is cut off or of something else"
        ) from error


def _scores_shape(signatures: Mapping[str, Any]) -> list[int] | None:
    """Shape of the scores in the signature for Evaluator, -1 for any size; None where it has none."""
    if SERVING_EXAMPLES not in signatures or SCORES not in signatures[SERVING_EXAMPLES].outputs:
        return None
    return [dimension.size for dimension in signatures[SERVING_EXAMPLES].outputs[SCORES].tensor_shape.dim]


def _inputs(signatures: Mapping[str, Any]) -> list[str]:
    """Names of the texts that users give; none where there is no signature for them."""
    return sorted(signatures[SERVING_DEFAULT].inputs) if SERVING_DEFAULT in signatures else []
