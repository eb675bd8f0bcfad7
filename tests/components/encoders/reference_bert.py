"""BERT's forward pass in NumPy float64, written from the papers and a checkpoint's tensors alone.

Devlin et al. 2019 over Vaswani et al. 2017; it shares nothing with the code under test.
"""

from __future__ import annotations

import math

import numpy as np

_ERF = np.vectorize(math.erf, otypes=[np.float64])


def forward(weights: dict, config: dict, word_ids, mask, type_ids) -> tuple[np.ndarray, list[np.ndarray]]:
    """The pooled output `[batch, hidden]` and every layer's `[batch, tokens, hidden]`."""
    tensors = {name: np.asarray(tensor, np.float64) for name, tensor in weights.items()}
    hidden = _embed(tensors, np.asarray(word_ids), np.asarray(type_ids))
    layers = []
    for index in range(config["num_hidden_layers"]):
        hidden = _layer(tensors, f"encoder.layer.{index}", config, hidden, np.asarray(mask))
        layers.append(hidden)
    return np.tanh(_dense(tensors, "pooler.dense", hidden[:, 0])), layers


def _embed(tensors, word_ids, type_ids):
    words = tensors["embeddings.word_embeddings.weight"][word_ids]
    types = tensors["embeddings.token_type_embeddings.weight"][type_ids]
    positions = tensors["embeddings.position_embeddings.weight"][: word_ids.shape[1]]
    return _normalise(tensors, "embeddings.LayerNorm", words + types + positions)


def _layer(tensors, name, config, hidden, mask):
    attended = _dense(tensors, f"{name}.attention.output.dense", _attend(tensors, name, config, hidden, mask))
    hidden = _normalise(tensors, f"{name}.attention.output.LayerNorm", hidden + attended)
    inner = _gelu(_dense(tensors, f"{name}.intermediate.dense", hidden), config["hidden_act"])
    return _normalise(tensors, f"{name}.output.LayerNorm", hidden + _dense(tensors, f"{name}.output.dense", inner))


def _attend(tensors, name, config, hidden, mask):
    query, key, value = (_dense(tensors, f"{name}.attention.self.{part}", hidden) for part in ("query", "key", "value"))
    size = hidden.shape[-1] // config["num_attention_heads"]
    heads = []
    for start in range(0, hidden.shape[-1], size):
        part = slice(start, start + size)
        scores = query[..., part] @ key[..., part].transpose(0, 2, 1) / math.sqrt(size)
        scores = np.where(mask[:, None, :] == 1, scores, -np.inf)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        heads.append(weights / weights.sum(axis=-1, keepdims=True) @ value[..., part])
    return np.concatenate(heads, axis=-1)


def _dense(tensors, name, inputs):
    return inputs @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]


def _normalise(tensors, name, inputs, epsilon=1e-12):
    mean, variance = inputs.mean(axis=-1, keepdims=True), inputs.var(axis=-1, keepdims=True)
    return (inputs - mean) / np.sqrt(variance + epsilon) * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]


def _gelu(inputs, kind):
    if kind == "gelu":
        return inputs * 0.5 * (1.0 + _ERF(inputs / math.sqrt(2.0)))
    return 0.5 * inputs * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (inputs + 0.044715 * inputs**3)))
