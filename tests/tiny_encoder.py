"""A BERT small enough for every test, made by the code that makes the real one, and its family's other members."""

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
# The members of the family by their model_type, each with what is special to it.
CONFIGS: dict[str, dict] = {
    "bert": CONFIG,
    "distilbert": {
        "model_type": "distilbert", "activation": "gelu", "dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 2,
    },
    "electra": {**CONFIG, "model_type": "electra", "embedding_size": 16},
    "albert": {
        **CONFIG, "model_type": "albert", "hidden_act": "gelu_new", "embedding_size": 16, "num_hidden_layers": 4,
        "num_hidden_groups": 2, "inner_group_num": 2,
    },
}  # fmt: skip


_NORMS = ("layernorm.weight", "layer_norm.weight")


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
    """Writes the same encoder, or another `model_type` of its family, as a Hugging Face folder.

    `config` overrides what config.json says.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    base = CONFIGS.get(str(config.get("model_type")), CONFIG)
    settings = {**base, "vocab_size": len(vocabulary), "max_position_embeddings": 128, **config}
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lower_case}), encoding="utf-8")
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in vocabulary), encoding="utf-8")
    save_file(random_weights(settings), folder / "model.safetensors")
    return folder


def random_weights(settings: dict, seed: int = 0) -> dict[str, np.ndarray]:
    """A bare model's tensors by name: layer norms near the identity, the rest normal with deviation 0.1."""
    generator = np.random.default_rng(seed)
    return {
        name: (generator.normal(0.0, 0.1, shape) + name.lower().endswith(_NORMS)).astype(np.float32)
        for name, shape in tensor_shapes(settings).items()
    }


def tensor_shapes(settings: dict) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor of a bare model, as Hugging Face lays them out."""
    makers = {"distilbert": _distilbert_shapes, "electra": _electra_shapes, "albert": _albert_shapes}
    return makers.get(settings["model_type"], _bert_shapes)(settings)


def _bert_shapes(settings: dict) -> dict[str, tuple[int, ...]]:
    width = settings["hidden_size"]
    return _tables(settings, width) | _with_bias("pooler.dense", (width, width)) | _bert_layers(settings)


def _electra_shapes(settings: dict) -> dict[str, tuple[int, ...]]:
    width, hidden = settings["embedding_size"], settings["hidden_size"]
    project = {} if width == hidden else _with_bias("embeddings_project", (hidden, width))
    return _tables(settings, width) | project | _bert_layers(settings)


def _albert_shapes(settings: dict) -> dict[str, tuple[int, ...]]:
    hidden, inner = settings["hidden_size"], settings["intermediate_size"]
    shapes = _tables(settings, settings["embedding_size"]) | _with_bias("pooler", (hidden, hidden))
    shapes |= _with_bias("encoder.embedding_hidden_mapping_in", (hidden, settings["embedding_size"]))
    for group in range(settings["num_hidden_groups"]):
        for index in range(settings["inner_group_num"]):
            layer = f"encoder.albert_layer_groups.{group}.albert_layers.{index}"
            for part in ("query", "key", "value", "dense"):
                shapes |= _with_bias(f"{layer}.attention.{part}", (hidden, hidden))
            shapes |= _with_bias(f"{layer}.attention.LayerNorm", (hidden,))
            shapes |= _with_bias(f"{layer}.ffn", (inner, hidden))
            shapes |= _with_bias(f"{layer}.ffn_output", (hidden, inner))
            shapes |= _with_bias(f"{layer}.full_layer_layer_norm", (hidden,))
    return shapes


def _distilbert_shapes(settings: dict) -> dict[str, tuple[int, ...]]:
    width, inner = settings["dim"], settings["hidden_dim"]
    shapes = _tables({**settings, "type_vocab_size": 0}, width)
    for index in range(settings["n_layers"]):
        layer = f"transformer.layer.{index}"
        for part in ("q", "k", "v", "out"):
            shapes |= _with_bias(f"{layer}.attention.{part}_lin", (width, width))
        shapes |= _with_bias(f"{layer}.sa_layer_norm", (width,))
        shapes |= _with_bias(f"{layer}.ffn.lin1", (inner, width))
        shapes |= _with_bias(f"{layer}.ffn.lin2", (width, inner))
        shapes |= _with_bias(f"{layer}.output_layer_norm", (width,))
    return shapes


def _tables(settings: dict, width: int) -> dict[str, tuple[int, ...]]:
    tables = {"word": "vocab_size", "position": "max_position_embeddings", "token_type": "type_vocab_size"}
    rows = {f"embeddings.{name}_embeddings.weight": settings[key] for name, key in tables.items()}
    return {name: (count, width) for name, count in rows.items() if count} | _with_bias(
        "embeddings.LayerNorm", (width,)
    )


def _bert_layers(settings: dict) -> dict[str, tuple[int, ...]]:
    width, inner = settings["hidden_size"], settings["intermediate_size"]
    shapes: dict[str, tuple[int, ...]] = {}
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
