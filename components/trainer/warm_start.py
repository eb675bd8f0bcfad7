"""The served model's weights as the beginning of a training."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

import tensorflow as tf
import tf_keras as keras

from components.signatures import ORIGIN_FILE

# Where `export.TextClassifier` keeps its weights: a list in the order of the Keras model's variables.
_WEIGHT = "_weights/{}/.ATTRIBUTES/VARIABLE_VALUE"
_LOG = logging.getLogger(__name__)


def load_served_weights(model: keras.Model, folder: str, origin: Mapping[str, Any]) -> dict[str, Any]:
    """Fills the model with the weights of a served one, if that is of the same kind; else leaves it as it is.

    A changed encoder or label set is no mistake, so it does not end a scheduled training: what came of it is told.

    Args:
        model: the classifier.
        folder: SavedModel of one that `export` wrote.
        origin: of the classifier (`Job.origin`); the served model's must be equal.

    Returns:
        `from` the folder, `used` whether its weights fit, and `reason` why not.
    """
    reason = _difference(folder, origin) or _fill(model, folder)
    _LOG.info("warm start from %s: %s", folder, reason or "its weights are used")
    return {"from": folder, "used": reason is None, "reason": reason}


def _difference(folder: str, origin: Mapping[str, Any]) -> str | None:
    """What the served model was made of otherwise, None where nothing."""
    path = f"{folder}/{ORIGIN_FILE}"
    if not tf.io.gfile.exists(path):
        return "it does not tell what it was made of, as models of an earlier release"
    with tf.io.gfile.GFile(path) as file:
        served = json.loads(file.read())
    return next((f"its {name} was another" for name in origin if served.get(name) != origin[name]), None)


def _fill(model: keras.Model, folder: str) -> str | None:
    """Why the weights do not fit, None where they did."""
    try:
        reader: Any = tf.train.load_checkpoint(f"{folder}/variables/variables")
    except (tf.errors.OpError, ValueError) as error:
        return f"its weights cannot be read ({error})"
    shapes = reader.get_variable_to_shape_map()
    names = [_WEIGHT.format(number) for number in range(len(model.variables))]
    if _WEIGHT.format(len(names)) in shapes or any(name not in shapes for name in names):
        return "it has another number of weights, as with another head"
    for name, variable in zip(names, model.variables, strict=True):
        if shapes[name] != variable.shape.as_list():
            return f"the shape of {variable.name} was {shapes[name]} and is {variable.shape.as_list()}"
    for name, variable in zip(names, model.variables, strict=True):
        variable.assign(reader.get_tensor(name))
    return None
