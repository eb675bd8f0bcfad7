from __future__ import annotations

import pytest

from tests.components.curated_schema.examples import rows_of
from tests.components.data_gate.profiles import statistics


@pytest.fixture
def measure():
    """Statistics of the splits train and eval of examples with these labels, made in memory."""

    def of(labels, kind="binary", **settings):
        measured = {}
        for split, rows, seed in (("train", 400, 0), ("eval", 100, 1)):
            examples = list(rows_of(rows, labels, kind, seed, **settings))
            measured[split] = statistics(**{name: [row[name] for row in examples] for name in examples[0]})
        return measured

    return of
