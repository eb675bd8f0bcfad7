"""A BERT small enough for every test, made by the code that makes the real one."""

from __future__ import annotations

import json
import string
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = (
    "the", "a", "an", "and", "was", "is", "it", "this", "that", "movie", "film",
    "story", "acting", "plot", "such", "so", "very", "not",
    "good", "great", "amazing", "wonderful", "best", "loved",
    "bad", "terrible", "awful", "boring", "worst", "hated", "okay",
)  # fmt: skip
# Single characters, alone and as the rest of a word: any printable ASCII text has its pieces.
CHARACTERS = (*string.ascii_lowercase, *string.ascii_uppercase, *string.digits)
VOCABULARY = (
    *SPECIALS,
    *(character for character in CHARACTERS if character not in WORDS),
    *(f"##{character}" for character in CHARACTERS),
    *string.punctuation,
    *WORDS,
)
CONFIG = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "type_vocab_size": 2,
}


def write_tiny_encoder(
    folder: str | Path, vocabulary: Sequence[str] = VOCABULARY, lower_case: bool = True, max_positions: int = 128
) -> Path:
    """Writes a 2-layer, 32-wide, 2-head encoder with seeded random weights as a SavedModel, and returns its folder."""
    from components.encoders.convert import convert_checkpoint

    with tempfile.TemporaryDirectory() as checkpoint:
        write_tiny_checkpoint(checkpoint, vocabulary, lower_case, max_position_embeddings=max_positions)
        convert_checkpoint(checkpoint, folder)
    return Path(folder)


def write_tiny_checkpoint(
    folder: str | Path, vocabulary: Sequence[str] = VOCABULARY, lower_case: bool = True, **config: object
) -> Path:
    """Writes the same encoder as a Hugging Face BertModel folder; `config` overrides what config.json says."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    settings = {**CONFIG, "vocab_size": len(vocabulary), "max_position_embeddings": 128, **config}
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lower_case}), encoding="utf-8")
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in vocabulary), encoding="utf-8")
    save_file(random_weights(settings), folder / "model.safetensors")
    return folder


def random_weights(settings: dict, seed: int = 0) -> dict[str, np.ndarray]:
    """A BertModel's tensors by name: LayerNorm near the identity, the rest normal with deviation 0.1."""
    generator = np.random.default_rng(seed)
    return {
        name: (generator.normal(0.0, 0.1, shape) + name.endswith("LayerNorm.weight")).astype(np.float32)
        for name, shape in tensor_shapes(settings).items()
    }


def tensor_shapes(settings: dict) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor of a BertModel, as Hugging Face lays them out."""
    width, inner = settings["hidden_size"], settings["intermediate_size"]
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (settings["vocab_size"], width),
        "embeddings.position_embeddings.weight": (settings["max_position_embeddings"], width),
        "embeddings.token_type_embeddings.weight": (settings["type_vocab_size"], width),
        **_with_bias("embeddings.LayerNorm", (width,)),
        **_with_bias("pooler.dense", (width, width)),
    }
    for index in range(settings["num_hidden_layers"]):
        layer = f"encoder.layer.{index}"
        for part in ("query", "key", "value"):
            shapes |= _with_bias(f"{layer}.attention.self.{part}", (width, width))
        shapes |= _with_bias(f"{layer}.attention.output.dense", (width, width))
        shapes |= _with_bias(f"{layer}.attention.output.LayerNorm", (width,))
        shapes |= _with_bias(f"{layer}.intermediate.dense", (inner, width))
        shapes |= _with_bias(f"{layer}.output.dense", (width, inner))
        shapes |= _with_bias(f"{layer}.output.LayerNorm", (width,))
    return shapes


def _with_bias(name: str, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
