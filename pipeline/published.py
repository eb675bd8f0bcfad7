"""Proves that what was published can be used: complete, loadable, and answering texts as TF Serving would ask it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from components.pusher.probe import load_and_score
from components.pusher.verify import verify_version
from pipeline.verdict import Scored

_LOG = logging.getLogger(__name__)


def score_published(folder: str, digest: str, texts: Sequence[str]) -> list[Scored]:
    """Loads the published version and scores `texts`, be there none, by its signature `serving_default`.

    Raises:
        PushError: the version is not complete, is not the model that was pushed, or cannot be loaded or called.
    """
    verify_version(folder, digest)
    answers = load_and_score(folder, texts)
    scored = [Scored(text, score, predicted) for text, (score, predicted) in zip(texts, answers, strict=True)]
    _LOG.info("published model in %s answers %s", folder, scored)
    return scored
