"""DistilBERT's forward pass in NumPy float64: Sanh et al. 2019; it shares nothing with the code under test."""

from __future__ import annotations

import numpy as np

from tests.components.encoders.reference_layers import attend, dense, gelu, in_float64, normalise


def forward(weights: dict, config: dict, word_ids, mask, type_ids) -> tuple[np.ndarray, list[np.ndarray]]:
    """The first token's vector `[batch, dim]` and every layer's `[batch, tokens, dim]`; there are no types."""
    del type_ids
    tensors, word_ids = in_float64(weights), np.asarray(word_ids)
    words = tensors["embeddings.word_embeddings.weight"][word_ids]
    positions = tensors["embeddings.position_embeddings.weight"][: word_ids.shape[1]]
    hidden = normalise(tensors, "embeddings.LayerNorm", words + positions)
    layers = []
    for index in range(config["n_layers"]):
        hidden = _layer(tensors, f"transformer.layer.{index}", config, hidden, mask)
        layers.append(hidden)
    return hidden[:, 0], layers


def _layer(tensors, name, config, hidden, mask):
    query, key, value = (dense(tensors, f"{name}.attention.{part}_lin", hidden) for part in "qkv")
    attended = dense(tensors, f"{name}.attention.out_lin", attend(query, key, value, config["n_heads"], mask))
    hidden = normalise(tensors, f"{name}.sa_layer_norm", attended + hidden)
    inner = gelu(dense(tensors, f"{name}.ffn.lin1", hidden), config["activation"])
    return normalise(tensors, f"{name}.output_layer_norm", dense(tensors, f"{name}.ffn.lin2", inner) + hidden)
