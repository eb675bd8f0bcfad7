"""Proves that what was published can be used: complete, loadable, and answering texts as TF Serving would ask it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from components.errors import PushError
from components.evaluator.decisions import DecisionsError, written_decisions
from components.pusher.probe import Answer, load_and_score
from components.pusher.verify import verify_version
from components.signatures import DECISIONS_FILE
from pipeline.verdict import Scored

Sample = str | Sequence[str]
"""A text, or the two of a pair."""

_LOG = logging.getLogger(__name__)


def score_published(folder: str, digest: str, texts: Sequence[Sample]) -> list[Scored]:
    """Loads the published version and scores `texts`, be there none, by its signature `serving_default`.

    Args:
        folder: the version's.
        digest: of the model that was pushed.
        texts: a text each or, where the model takes pairs, two.

    Raises:
        PushError: the version is not complete, is not the model that was pushed, cannot be loaded or called, or says
            of its labels what cannot be.
    """
    verify_version(folder, digest)
    answers = load_and_score(folder, texts)
    names = _names(folder)
    scored = [_scored(text, answer, names) for text, answer in zip(texts, answers, strict=True)]
    _LOG.info("published model in %s answers %s", folder, scored)
    return scored


def _names(folder: str) -> tuple[str, ...]:
    """The labels that have a score, as the model itself tells; none where it does not."""
    try:
        decisions = written_decisions(folder)
    except DecisionsError as error:
        raise PushError(f"the model in {folder}: {error}; mend the model's export, and run again") from error
    return decisions.scored if decisions else ()


def _scored(text: Sample, answer: Answer, names: Sequence[str]) -> Scored:
    labels = names or [str(number) for number in range(len(answer.scores))]
    if len(labels) != len(answer.scores):
        raise PushError(
            f"the model gives {len(answer.scores)} score(s), and its {DECISIONS_FILE} names {len(labels)} label(s) "
            "that have one; mend the model's export, and run again"
        )
    scores = dict(zip(labels, answer.scores, strict=True))
    predicted = answer.predicted
    if not isinstance(predicted, str):
        predicted = tuple(name for name, holds in zip(labels, predicted, strict=True) if holds)
    return Scored(text if isinstance(text, str) else tuple(text), scores, predicted)
