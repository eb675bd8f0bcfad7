"""JSON as its standard has it, which knows no NaN and no infinity: programs in other languages read it too."""

from __future__ import annotations

import json
import math
from typing import Any


def dumps(value: Any) -> str:
    """The value, indented; a NaN or infinity becomes null."""
    return json.dumps(_without_nan(value), indent=2, allow_nan=False)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
