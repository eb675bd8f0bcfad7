"""What the references share: a checkpoint's tensors in NumPy float64, by Hugging Face's names. No code under test."""

from __future__ import annotations

import math

import numpy as np

_ERF = np.vectorize(math.erf, otypes=[np.float64])


def in_float64(weights: dict) -> dict[str, np.ndarray]:
    return {name: np.asarray(tensor, np.float64) for name, tensor in weights.items()}


def dense(tensors, name, inputs):
    return inputs @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]


def normalise(tensors, name, inputs, epsilon=1e-12):
    mean, variance = inputs.mean(axis=-1, keepdims=True), inputs.var(axis=-1, keepdims=True)
    return (inputs - mean) / np.sqrt(variance + epsilon) * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]


def attend(query, key, value, heads, mask):
    """Scaled dot-product attention of Vaswani et al. 2017, a head at a time: `[batch, tokens, width]`."""
    size = query.shape[-1] // heads
    mixed = []
    for start in range(0, query.shape[-1], size):
        part = slice(start, start + size)
        scores = query[..., part] @ key[..., part].transpose(0, 2, 1) / math.sqrt(size)
        scores = np.where(np.asarray(mask)[:, None, :] == 1, scores, -np.inf)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed.append(weights / weights.sum(axis=-1, keepdims=True) @ value[..., part])
    return np.concatenate(mixed, axis=-1)


def gelu(inputs, kind):
    if kind == "gelu":
        return inputs * 0.5 * (1.0 + _ERF(inputs / math.sqrt(2.0)))
    return 0.5 * inputs * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (inputs + 0.044715 * inputs**3)))
