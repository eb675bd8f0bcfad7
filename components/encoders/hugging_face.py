"""A Hugging Face model's folder: config.json and safetensors, whole or in shards. Nothing is unpickled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from components.encoders.families.family import Family
from components.encoders.json_file import read_object
from components.errors import EncoderError

WEIGHTS, SHARDS = "model.safetensors", "model.safetensors.index.json"
# PyTorch's pickles run what stands in them, and TensorFlow's and Flax's own files name their tensors in another way.
_OTHER_FORMATS = ("pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack")
# What lies in some checkpoints beside the weights: the numbers 0, 1, 2, … and zeros.
_NO_WEIGHTS = frozenset({"embeddings.position_ids", "embeddings.token_type_ids"})
# LayerNorm's gain and shift had these names in the first checkpoints.
_OLD_NAMES = {".gamma": ".weight", ".beta": ".bias"}


def read_settings(file: Path) -> dict[str, Any]:
    """What a config.json holds. Raises EncoderError where it cannot be read."""
    return read_object(file, "give the folder of a Hugging Face model")


def read_weights(folder: Path) -> dict[str, np.ndarray]:
    """Every tensor of a folder by name, from model.safetensors or from the shards that its index names.

    Raises:
        EncoderError: a file is missing or broken, or the weights are there in another format only.
    """
    if (folder / WEIGHTS).is_file():
        return _load(folder / WEIGHTS)
    if (folder / SHARDS).is_file():
        return _load_shards(folder / SHARDS)
    other = next((name for name in _OTHER_FORMATS if (folder / name).is_file()), None)
    if other is None:
        raise EncoderError(f"{folder / WEIGHTS} is missing; give a folder with {WEIGHTS}")
    raise EncoderError(
        f"{folder} has its weights in {other} alone, which is not loaded; give a folder with {WEIGHTS}: where you "
        f"trust the file, transformers' AutoModel.from_pretrained({str(folder)!r}).save_pretrained(FOLDER) writes one"
    )


def bare_weights(tensors: dict[str, np.ndarray], family: Family) -> dict[str, np.ndarray]:
    """The tensors of the encoder alone, under the names that they have without a head on it.

    In a model with a head the encoder's names begin with the family's prefix; whatever does not is the head.
    """
    if any(name.startswith(family.prefix) for name in tensors):
        kept = {
            name.removeprefix(family.prefix): tensor
            for name, tensor in tensors.items()
            if name.startswith(family.prefix)
        }
    else:
        kept = {name: tensor for name, tensor in tensors.items() if not name.startswith(family.heads)}
    return {_current_name(name): tensor for name, tensor in kept.items() if name not in _NO_WEIGHTS}


def _current_name(name: str) -> str:
    for old, new in _OLD_NAMES.items():
        if name.endswith(old):
            return name.removesuffix(old) + new
    return name


def _load(file: Path) -> dict[str, np.ndarray]:
    try:
        return load_file(file)
    # Of numbers that NumPy has no type for, as those of 8 bits, safetensors raises whatever it stumbles over.
    except (OSError, SafetensorError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise EncoderError(
            f"{file} cannot be read ({error}); give a folder with {WEIGHTS}, in float32, float16 or bfloat16"
        ) from error


def _load_shards(index: Path) -> dict[str, np.ndarray]:
    remedy = f"give the index with all of its shards, or one {WEIGHTS}"
    weight_map = read_object(index, remedy).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise EncoderError(f"{index} has no weight_map; {remedy}")
    tensors: dict[str, np.ndarray] = {}
    for name in sorted({str(shard) for shard in weight_map.values()}):
        if Path(name).name != name or not (index.parent / name).is_file():
            raise EncoderError(f"{index} names the shard {name!r}, which is no file beside it; {remedy}")
        tensors |= _load(index.parent / name)
    missing = sorted(set(weight_map) - set(tensors))
    if missing:
        raise EncoderError(f"{index} names the tensor {missing[0]}, which no shard holds; {remedy}")
    return tensors
