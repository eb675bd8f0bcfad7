from __future__ import annotations

import pyarrow as pa

from components.data_gate import profile_statistics
from components.data_gate.profile_statistics import sampled


def test_few_rows_are_all_taken():
    rows = pa.table({"words": [1, 2, 3]})
    assert sampled(rows) is rows


def test_of_many_rows_as_many_as_allowed_are_taken_evenly_and_each_time_the_same(monkeypatch):
    monkeypatch.setattr(profile_statistics, "MOST_ROWS", 4)
    rows = pa.table({"words": list(range(10))})
    assert sampled(rows).column("words").to_pylist() == [0, 2, 5, 7]
    assert sampled(rows).equals(sampled(rows))
