"""BERT's and ELECTRA's forward pass in NumPy float64, written from the papers and a checkpoint's tensors alone.

Devlin et al. 2019 and Clark et al. 2020 over Vaswani et al. 2017; it shares nothing with the code under test.
"""

from __future__ import annotations

import numpy as np

from tests.components.encoders.reference_layers import attend, dense, gelu, in_float64, normalise


def forward(weights: dict, config: dict, word_ids, mask, type_ids) -> tuple[np.ndarray, list[np.ndarray]]:
    """The pooled output `[batch, hidden]` and every layer's `[batch, tokens, hidden]`."""
    tensors = in_float64(weights)
    hidden = embed(tensors, np.asarray(word_ids), np.asarray(type_ids))
    if "embeddings_project.weight" in tensors:
        hidden = dense(tensors, "embeddings_project", hidden)
    layers = []
    for index in range(config["num_hidden_layers"]):
        hidden = _layer(tensors, f"encoder.layer.{index}", config, hidden, mask)
        layers.append(hidden)
    return _pool(tensors, hidden[:, 0]), layers


def embed(tensors, word_ids, type_ids):
    words = tensors["embeddings.word_embeddings.weight"][word_ids]
    types = tensors["embeddings.token_type_embeddings.weight"][type_ids]
    positions = tensors["embeddings.position_embeddings.weight"][: word_ids.shape[1]]
    return normalise(tensors, "embeddings.LayerNorm", words + types + positions)


def _pool(tensors, first):
    return np.tanh(dense(tensors, "pooler.dense", first)) if "pooler.dense.weight" in tensors else first


def _layer(tensors, name, config, hidden, mask):
    query, key, value = (dense(tensors, f"{name}.attention.self.{part}", hidden) for part in ("query", "key", "value"))
    mixed = attend(query, key, value, config["num_attention_heads"], mask)
    attended = dense(tensors, f"{name}.attention.output.dense", mixed)
    hidden = normalise(tensors, f"{name}.attention.output.LayerNorm", hidden + attended)
    inner = gelu(dense(tensors, f"{name}.intermediate.dense", hidden), config["hidden_act"])
    return normalise(tensors, f"{name}.output.LayerNorm", hidden + dense(tensors, f"{name}.output.dense", inner))
