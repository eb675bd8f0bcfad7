"""The known duplicates of the real Large Movie Review Dataset, if it lies beside the repository."""

from __future__ import annotations

import csv
import itertools
import lzma
from pathlib import Path

import pytest

from components.example_gen.duplicates import resolve
from components.example_gen.rows import Candidate, Row, examine
from components.example_gen.settings import DataSettings, Duplicates, LabelSettings

IMDB = Path(__file__).parents[4] / "shared" / "data" / "imdb.csv.xz"


@pytest.mark.slow
@pytest.mark.skipif(not IMDB.exists(), reason="the real data is not beside the repository")
def test_what_stands_in_both_splits_is_dropped_from_train():
    data, labels = DataSettings(source="imdb"), LabelSettings()
    with lzma.open(IMDB, "rt", encoding="utf-8", newline="") as file:
        rows = [
            Row(row["split"], line, row["text"], row["label"], official=row["split"])
            for line, row in enumerate(csv.DictReader(file))
        ]
    candidates = sorted(candidate for row in rows if isinstance(candidate := examine(row, data, labels), Candidate))
    assert len(candidates) == len(rows) == 50_000
    groups = [list(same) for _, same in itertools.groupby(candidates, key=lambda candidate: candidate.id)]
    leaked = [row for same in groups for row in same if any(c.is_official_test for c in same) and row.file == "train"]
    assert len(leaked) == 123
    resolutions = [resolve(same, Duplicates()) for same in groups]
    kept = [row for resolution in resolutions for row in resolution.kept]
    assert sum(row.split == "test" for row in kept) == 25_000
    assert not set(leaked) & set(kept)
    assert sum(resolution.dropped.get("across_splits", 0) for resolution in resolutions) == 123
    assert sum(resolution.dropped.get("within_split", 0) for resolution in resolutions) == 98
    assert not any(resolution.conflicting for resolution in resolutions)
