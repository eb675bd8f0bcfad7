from __future__ import annotations

import json
import math

from components import strict_json


def test_what_json_has_no_word_for_becomes_null():
    text = strict_json.dumps({"a": [1.5, math.nan], "b": {"c": (math.inf, -math.inf)}, "d": "NaN", "e": 3, "f": None})
    assert json.loads(text) == {"a": [1.5, None], "b": {"c": [None, None]}, "d": "NaN", "e": 3, "f": None}
