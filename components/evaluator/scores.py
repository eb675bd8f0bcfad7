"""Takes the scores out of a model's predictions, so that no score can break or fool a metric, and decides by them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma

# Registers the tokeniser's operators in whichever process loads the models: Beam's workers import this module.
import tensorflow_text  # noqa: F401

from components.evaluator.decisions import Decisions
from components.evaluator.eval_config import CANDIDATE, DECIDED, INVALID_SCORE
from components.signatures import SCORES

_PREDICTIONS_STAGE = "ExtractPredictions"


def with_valid_scores(
    extractors: list[tfma.extractors.Extractor], decisions: Mapping[str, Decisions]
) -> list[tfma.extractors.Extractor]:
    """TFMA's extractors, with one of ours after its predictions: see `keep_valid_scores`."""
    stages = [extractor.stage_name for extractor in extractors]
    after_predictions = stages.index(_PREDICTIONS_STAGE) + 1
    keep = beam.Map(functools.partial(keep_valid_scores, decisions=dict(decisions)))
    ours = tfma.extractors.Extractor(stage_name="KeepValidScores", ptransform=keep)
    return [*extractors[:after_predictions], ours, *extractors[after_predictions:]]


def keep_valid_scores(extracts: dict[str, Any], decisions: Mapping[str, Decisions]) -> dict[str, Any]:
    """A batch's extracts with predictions that hold, of every model, `scores` and what it `decided` by them.

    Every score of a row is INVALID_SCORE where one of them is no probability: a NaN would break TFMA's histogram, or
    pass for a negative answer in its accuracy; marked, it is counted.

    Args:
        extracts: TFMA's, with predictions by model where there are several models.
        decisions: of each model, by its name; CANDIDATE alone where there is one model.
    """
    predictions = extracts[tfma.PREDICTIONS_KEY]
    if isinstance(predictions, np.ndarray) or SCORES in predictions:
        return {**extracts, tfma.PREDICTIONS_KEY: _valid(predictions, decisions[CANDIDATE])}
    valid = {model: _valid(outputs, decisions[model]) for model, outputs in predictions.items()}
    return {**extracts, tfma.PREDICTIONS_KEY: valid}


def _valid(outputs: dict[str, np.ndarray] | np.ndarray, decisions: Decisions) -> dict[str, np.ndarray]:
    # TFMA unwraps the outputs of a signature that has only one.
    scores = outputs if isinstance(outputs, np.ndarray) else outputs[SCORES]
    are_probabilities = ((scores >= 0) & (scores <= 1)).all(axis=-1, keepdims=True)
    valid = np.where(are_probabilities, scores, np.asarray(INVALID_SCORE, scores.dtype))
    return {SCORES: valid, DECIDED: decisions.decide(valid)}
