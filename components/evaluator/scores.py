"""Takes the scores out of a model's predictions, so that no score can break or fool a metric."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma

# Registers the tokeniser's operators in whichever process loads the models: Beam's workers import this module.
import tensorflow_text  # noqa: F401

from components.evaluator.eval_config import INVALID_SCORE
from components.signatures import SCORES

_PREDICTIONS_STAGE = "ExtractPredictions"


def with_valid_scores(extractors: list[tfma.extractors.Extractor]) -> list[tfma.extractors.Extractor]:
    """TFMA's extractors, with one of ours after its predictions: see `keep_valid_scores`."""
    stages = [extractor.stage_name for extractor in extractors]
    after_predictions = stages.index(_PREDICTIONS_STAGE) + 1
    ours = tfma.extractors.Extractor(stage_name="KeepValidScores", ptransform=beam.Map(keep_valid_scores))
    return [*extractors[:after_predictions], ours, *extractors[after_predictions:]]


def keep_valid_scores(extracts: dict[str, Any]) -> dict[str, Any]:
    """A batch's extracts with predictions that hold `scores` alone, INVALID_SCORE where one is no probability.

    A NaN would break TFMA's histogram, or pass for a negative answer in its accuracy; marked, it is counted.
    """
    predictions = extracts[tfma.PREDICTIONS_KEY]
    if isinstance(predictions, np.ndarray) or SCORES in predictions:
        return {**extracts, tfma.PREDICTIONS_KEY: _valid(predictions)}
    return {**extracts, tfma.PREDICTIONS_KEY: {model: _valid(outputs) for model, outputs in predictions.items()}}


def _valid(outputs: dict[str, np.ndarray] | np.ndarray) -> dict[str, np.ndarray]:
    # TFMA unwraps the outputs of a signature that has only one.
    scores = outputs if isinstance(outputs, np.ndarray) else outputs[SCORES]
    is_probability = (scores >= 0) & (scores <= 1)
    return {SCORES: np.where(is_probability, scores, np.asarray(INVALID_SCORE, scores.dtype))}
