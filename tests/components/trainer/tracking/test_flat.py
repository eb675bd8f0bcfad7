from __future__ import annotations

import numpy as np
import pytest

from components.trainer.tracking.flat import flatten


def test_keys_are_dotted_and_values_scalars():
    record = {"a": {"b": 1, "c": {"d": None}}, "e": (1, 2), "f": np.float32(0.5), "g": True, "h": {}}
    assert flatten(record) == {"a.b": 1, "a.c.d": "null", "e": "[1, 2]", "f": 0.5, "g": True}


def test_what_has_no_json_is_an_error():
    with pytest.raises(TypeError):
        flatten({"a": object()})
