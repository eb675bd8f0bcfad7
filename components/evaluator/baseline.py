"""The served model as the baseline of a comparison: what it is, and whether it can be compared at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from tensorflow.core.protobuf import saved_model_pb2
from tfx.types import artifact
from tfx.utils import path_utils

from components import model_folder
from components.served_model import executor as served_model
from components.signatures import SCORES, SERVING_EXAMPLES


@dataclasses.dataclass(frozen=True)
class Baseline:
    """The served model.

    `is_candidate`: the candidate is this very model, and need not be scored twice;
    `problem`: a sentence saying why it cannot be scored, or None.
    """

    folder: str
    version: str
    is_candidate: bool
    problem: str | None

    def with_problem(self, cause: str) -> Baseline:
        """The same, known to be unusable."""
        return dataclasses.replace(
            self, problem=f"the served model (version {self.version}) cannot be compared with: {cause}"
        )


def find_baseline(served: Sequence[artifact.Artifact], candidate: str) -> Baseline | None:
    """The baseline in ServedModel's output, or None where nothing is served.

    Args:
        served: the artifacts of Evaluator's input `baseline_model`; none, where it was not connected.
        candidate: SavedModel folder of the candidate.
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
    cause = _difference_in_signature(folder, candidate)
    return baseline if cause is None else baseline.with_problem(cause)


def _difference_in_signature(folder: str, candidate: str) -> str | None:
    served_shape, candidate_shape = _scores_shape(folder), _scores_shape(candidate)
    if served_shape is None:
        return f"it has no signature {SERVING_EXAMPLES} with an output {SCORES}"
    if served_shape != candidate_shape:
        return f"its {SCORES} have the shape {served_shape}, the candidate's {candidate_shape}"
    return None


def _scores_shape(folder: str) -> list[int] | None:
    """Shape of the scores in the SavedModel's signature for Evaluator, -1 for any size; None where it has none."""
    model = saved_model_pb2.SavedModel()
    model.ParseFromString((Path(folder) / "saved_model.pb").read_bytes())
    signatures = model.meta_graphs[0].signature_def
    if SERVING_EXAMPLES not in signatures or SCORES not in signatures[SERVING_EXAMPLES].outputs:
        return None
    return [dimension.size for dimension in signatures[SERVING_EXAMPLES].outputs[SCORES].tensor_shape.dim]
