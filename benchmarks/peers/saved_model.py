"""A SavedModel's signatures in a TensorFlow session: the quickest way to call it in process, and TF Serving's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401 (registers the operators that the graph calls)

SCORES = "scores"
PREDICTED = "predicted"
TOKENS_MULTIPLE = 8  # the exported graph pads to it (components/trainer/dataset.py), so that peers meet the same shapes
Scorer = Callable[..., list[np.ndarray]]


class SessionModel:
    """A model with signatures `serving_default` (texts) and `tokens` (ids).

    Args:
        folder: the version's folder.
        threads: for one operation, and for operations at the same time; 0 leaves it to TensorFlow.

    Raises:
        OSError: the folder holds no SavedModel.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        v1 = tf.compat.v1
        with tf.Graph().as_default() as graph:
            loaded: Any = tf.saved_model.load(str(folder))
            self.variables = list(loaded.signatures["tokens"].variables)
            texts = v1.placeholder(tf.string, [None])
            ids, mask = (v1.placeholder(tf.int64, [None, None]) for _ in range(2))
            of_texts = loaded.signatures["serving_default"](text=texts)
            of_tokens = loaded.signatures["tokens"](input_word_ids=ids, input_mask=mask)
            # Keras's own name for a layer's call in a SavedModel; the layer is Transform's graph.
            preprocessing = loaded._preprocessing.call_and_return_all_conditional_losses
            word_ids = preprocessing({"text": texts[:, None]})[0]["input_word_ids"]
            initialised = v1.global_variables_initializer()
        self.graph = graph
        self.session = v1.Session(
            graph=graph,
            config=v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads),
        )
        self.session.run(initialised)
        # `score_texts(texts)` gives [scores float32 [batch, labels], predicted]; `score_tokens(ids, mask)` [scores].
        self.score_texts: Scorer = self.session.make_callable([of_texts[SCORES], of_texts[PREDICTED]], [texts])
        self.score_tokens: Scorer = self.session.make_callable([of_tokens[SCORES]], [ids, mask])
        self._tokenise: Scorer = self.session.make_callable(
            [word_ids.indices, word_ids.values, word_ids.dense_shape], [texts]
        )

    def tokenise(self, texts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Texts, bytes [batch], to ids and mask, int64 [batch, tokens], padded as the graph that serves pads them."""
        indices, values, (rows, width) = self._tokenise(texts)
        ids = np.zeros([rows, -(-width // TOKENS_MULTIPLE) * TOKENS_MULTIPLE], np.int64)
        mask = np.zeros_like(ids)
        ids[tuple(indices.T)] = values
        mask[tuple(indices.T)] = 1
        return ids, mask


def batches(texts: Sequence[bytes], size: int) -> list[list[bytes]]:
    """The texts as they come, `size` at a time; the last batch may be smaller."""
    return [list(texts[start : start + size]) for start in range(0, len(texts), size)]
