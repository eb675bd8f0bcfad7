"""Google's own TensorFlow checkpoints of BERT and ALBERT, as their first release wrote them.

The names and shapes are those of https://github.com/google-research/bert and https://github.com/google-research/albert
(modeling.py). They are read into Hugging Face's names and layout, so that there is one way from there on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from components.encoders.json_file import read_object
from components.errors import EncoderError

# The configuration that lies beside the weights, and the model that it is of.
GOOGLE_CONFIGS = {"bert_config.json": "bert", "albert_config.json": "albert"}
Renamed = tuple[tuple[str, str], ...]
_SCOPE = "bert/"
_OPTIMIZER = re.compile(r"/(adam|lamb)_[mv]$")
_OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH"
# From Google's names to Hugging Face's, in this order.
_BERT_NAMES: Renamed = ((r"encoder/layer_(\d+)/", r"encoder.layer.\1."),)
_ALBERT_NAMES: Renamed = (
    (r"encoder/transformer/group_(\d+)/inner_group_(\d+)/", r"encoder.albert_layer_groups.\1.albert_layers.\2."),
    (r"attention_1/self/", "attention."),
    (r"attention_1/output/dense/", "attention.dense."),
    (r"ffn_1/intermediate/output/dense/", "ffn_output."),
    (r"ffn_1/intermediate/dense/", "ffn."),
    (r"(albert_layers\.\d+\.)LayerNorm_1/", r"\1full_layer_layer_norm."),
    (r"(albert_layers\.\d+\.)LayerNorm/", r"\1attention.LayerNorm."),
    (r"pooler/dense/", "pooler."),
)
_SHARED_NAMES: Renamed = (
    (r"_embeddings$", "_embeddings.weight"),
    (r"(kernel|gamma)$", "weight"),
    (r"beta$", "bias"),
    ("/", "."),
)
_NAMES = {"bert": _BERT_NAMES + _SHARED_NAMES, "albert": _ALBERT_NAMES + _SHARED_NAMES}


def read_google_settings(file: Path) -> dict[str, Any]:
    """What a bert_config.json or albert_config.json holds, in Hugging Face's terms.

    Google's `gelu` is the form with tanh (modeling.py, `gelu`), which Hugging Face calls `gelu_new`.
    """
    settings = read_object(file, "give the folder of Google's BERT or ALBERT")
    activation = settings.get("hidden_act")
    activations = {"hidden_act": "gelu_new"} if activation == "gelu" else {}
    return {**settings, **activations, "model_type": GOOGLE_CONFIGS[file.name]}


def read_google_weights(folder: Path, model_type: str) -> dict[str, np.ndarray]:
    """The encoder's tensors of the one checkpoint in a folder, under Hugging Face's names and in its layout.

    Heads and what the optimizer kept are left out.

    Raises:
        EncoderError: there is none or more than one, it cannot be read, or TensorFlow 2's objects are in it.
    """
    prefix = _checkpoint_prefix(folder)
    try:
        return dict(_read(prefix, _NAMES[model_type]))
    except (tf.errors.OpError, ValueError, RuntimeError, IndexError, OSError) as error:
        raise EncoderError(
            f"the checkpoint {prefix} cannot be read ({error}); give its .index and its .data files, whole"
        ) from error


def _checkpoint_prefix(folder: Path) -> Path:
    found = sorted(file.with_suffix("") for file in folder.glob("*.index"))
    if not found:
        raise EncoderError(f"{folder} holds no bert_model.ckpt.index; give the folder as Google's archive unpacks")
    if len(found) > 1:
        names = ", ".join(prefix.name for prefix in found)
        raise EncoderError(f"{folder} holds several checkpoints ({names}); leave the .index of one of them")
    return found[0]


def _read(prefix: Path, renamed: Renamed) -> Iterator[tuple[str, np.ndarray]]:
    reader: Any = tf.train.load_checkpoint(str(prefix))
    names = reader.get_variable_to_shape_map()
    if _OBJECTS in names:
        raise EncoderError(
            f"the checkpoint {prefix} holds TensorFlow 2's objects and not Google's first names; give Google's "
            "TensorFlow 1 checkpoint, or set encoder.handle to the SavedModel of that encoder"
        )
    for name in names:
        if name.startswith(_SCOPE) and not _OPTIMIZER.search(name):
            tensor = reader.get_tensor(name)
            laid_out = tensor.T if name.endswith("/kernel") else tensor
            yield _hugging_face_name(name.removeprefix(_SCOPE), renamed), laid_out


def _hugging_face_name(name: str, renamed: Renamed) -> str:
    for pattern, replacement in renamed:
        name = re.sub(pattern, replacement, name)
    return name
