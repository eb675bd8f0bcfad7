"""Proves that what was published can be used: complete, loadable, and answering texts as TF Serving would ask it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import tensorflow as tf
import tensorflow_text  # noqa: F401  registers the ops of the exported graph

from components.errors import PushError
from components.pusher.verify import verify_version
from pipeline.verdict import Scored

_PROBE = "A text, to see that the model answers."
_LOG = logging.getLogger(__name__)


def score_published(folder: str, digest: str, texts: Sequence[str]) -> list[Scored]:
    """Loads the published version and scores `texts` by its signature `serving_default`.

    Raises:
        PushError: the version is not complete, is not the model that was pushed, or cannot be loaded or called.
    """
    verify_version(folder, digest)
    asked = list(texts) or [_PROBE]
    try:
        signature = tf.saved_model.load(folder).signatures["serving_default"]
        answers = signature(text=tf.constant(asked))
    except (OSError, KeyError, ValueError, tf.errors.OpError) as error:
        raise PushError(f"{folder} was pushed but cannot be loaded and called; TF Serving must not use it") from error
    scored = [
        Scored(text, float(scores[0]), predicted.decode())
        for text, scores, predicted in zip(asked, answers["scores"].numpy(), answers["predicted"].numpy(), strict=True)
    ]
    _LOG.info("published model in %s answers %s", folder, scored)
    return scored if texts else []
