"""ALBERT's forward pass in NumPy float64: Lan et al. 2020; it shares nothing with the code under test."""

from __future__ import annotations

import numpy as np

from tests.components.encoders.reference_bert import embed
from tests.components.encoders.reference_layers import attend, dense, gelu, in_float64, normalise


def forward(weights: dict, config: dict, word_ids, mask, type_ids) -> tuple[np.ndarray, list[np.ndarray]]:
    """The pooled output `[batch, hidden]` and every applied layer's `[batch, tokens, hidden]`."""
    tensors = in_float64(weights)
    hidden = embed(tensors, np.asarray(word_ids), np.asarray(type_ids))
    if "encoder.embedding_hidden_mapping_in.weight" in tensors:
        hidden = dense(tensors, "encoder.embedding_hidden_mapping_in", hidden)
    blocks_of_a_group = config["num_hidden_layers"] / config["num_hidden_groups"]
    outputs = []
    for block in range(config["num_hidden_layers"]):
        group = f"encoder.albert_layer_groups.{int(block / blocks_of_a_group)}"
        for inner in range(config["inner_group_num"]):
            hidden = _layer(tensors, f"{group}.albert_layers.{inner}", config, hidden, mask)
            outputs.append(hidden)
    pooled = np.tanh(dense(tensors, "pooler", hidden[:, 0])) if "pooler.weight" in tensors else hidden[:, 0]
    return pooled, outputs


def _layer(tensors, name, config, hidden, mask):
    query, key, value = (dense(tensors, f"{name}.attention.{part}", hidden) for part in ("query", "key", "value"))
    mixed = attend(query, key, value, config["num_attention_heads"], mask)
    attended = dense(tensors, f"{name}.attention.dense", mixed)
    hidden = normalise(tensors, f"{name}.attention.LayerNorm", hidden + attended)
    inner = gelu(dense(tensors, f"{name}.ffn", hidden), config["hidden_act"])
    return normalise(tensors, f"{name}.full_layer_layer_norm", dense(tensors, f"{name}.ffn_output", inner) + hidden)
