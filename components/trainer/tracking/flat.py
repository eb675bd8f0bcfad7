"""Nested records as flat ones, which dashboards show as columns."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

Scalar = bool | int | float | str


def flatten(record: Mapping[str, object], prefix: str = "") -> dict[str, Scalar]:
    """Values by dotted key: numbers, truths and texts as they are, lists and none as JSON.

    Raises:
        TypeError: a value has no JSON.
    """
    flat: dict[str, Scalar] = {}
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{name}.")
        else:
            flat[name] = _scalar(value.item() if isinstance(value, np.generic) else value)
    return flat


def _scalar(value: object) -> Scalar:
    return value if isinstance(value, bool | int | float | str) else json.dumps(value)
