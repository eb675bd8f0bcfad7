"""Which layer of an encoder a variable belongs to, as the names of its variables tell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tensorflow.core.protobuf import saved_model_pb2

from components.encoders.handles import saved_model_file
from components.errors import SettingsError

# What the layers of TensorFlow Model Garden's encoders, and of ours, are called in the names of their variables.
_LAYER = re.compile(r"(?:^|/)layer_(\d+)/")


def depth(name: str) -> int | None:
    """How high in the encoder a variable of that name stands: 0 for embeddings, 1 for the first layer.

    What an encoder has beside its layers (a pooler, the head) is on top of them: None.
    """
    layer = _LAYER.search(name)
    if layer is not None:
        return int(layer[1]) + 1
    return 0 if "embedding" in name else None


def count_layers(names: Iterable[str]) -> int:
    """How many layers can be told apart by the names of the variables, 0 where they tell none."""
    return max((found for found in map(depth, names) if found is not None), default=0)


def check_frozen_layers(frozen_layers: int, layers: int) -> None:
    """Raises SettingsError where training.frozen_layers is above the layers that can be told apart."""
    if frozen_layers > layers:
        raise SettingsError(
            f"training.frozen_layers is {frozen_layers}, but the encoder has {layers} layers that can be told apart by "
            "the names of its variables; lower it"
        )


def check_layer_decay(layer_decay: float, layers: int) -> None:
    """Raises SettingsError where training.layer_decay has no layers to go by."""
    if layer_decay != 1.0 and not layers:
        raise SettingsError(
            f"training.layer_decay is {layer_decay:g}, but the names of the encoder's variables do not tell their "
            "layers; set it to 1"
        )


def trainable_names(folder: Path) -> list[str]:
    """Names of the variables that hub.KerasLayer trains: what the SavedModel holds as `trainable_variables`.

    Raises:
        EncoderError: the folder holds no SavedModel.
    """
    saved_model = saved_model_pb2.SavedModel()
    saved_model.ParseFromString(saved_model_file(folder).read_bytes())
    nodes = saved_model.meta_graphs[0].object_graph_def.nodes
    lists = [nodes[child.node_id] for child in nodes[0].children if child.local_name == "trainable_variables"]
    return [nodes[child.node_id].variable.name for held in lists for child in held.children]
