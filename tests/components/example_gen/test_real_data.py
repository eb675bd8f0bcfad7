"""The whole step over real data, if it lies beside the repository."""

from __future__ import annotations

import csv
import lzma
from pathlib import Path

import pytest

from components.features import SPLITS

DATA = Path(__file__).parents[4] / "shared" / "data"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real data is not beside the repository"),
]


def test_the_reviews_that_stand_in_both_splits_of_imdb_are_dropped_from_train(execute, tmp_path):
    with lzma.open(DATA / "imdb.csv.xz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for split in ("train", "test"):
        with (tmp_path / f"{split}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label"])
            writer.writerows((row["text"], row["label"]) for row in rows if row["split"] == split)
    outcome = execute(
        source="files", path=str(tmp_path / "train.csv"), test_path=str(tmp_path / "test.csv"), max_bad_fraction=0
    )
    summary = outcome.summary
    assert (summary["rows"], summary["examples"]["test"]) == (50_000, 25_000)
    assert summary["duplicates"] == {"across_splits": 123, "within_split": 98}
    ids = {split: {example["id"] for example in outcome.examples(split)} for split in SPLITS}
    assert not ids["test"] & (ids["train"] | ids["eval"])
    assert len(ids["train"]) + len(ids["eval"]) == 25_000 - 123 - 98


def test_a_stratified_sample_of_quora_is_as_insincere_as_the_whole(execute):
    labels = {"kind": "binary", "names": ["sincere", "insincere"], "aliases": {"0": "sincere", "1": "insincere"}}
    path = str(DATA / "quora.csv.xz")
    shares = []
    for fraction in (1.0, 0.1):
        sample = {"fraction": fraction, "stratify": fraction < 1}
        summary = execute(source="quora", path=path, labels=labels, sample=sample).summary
        counts = [sum(summary["labels"][split][name] for split in SPLITS) for name in labels["names"]]
        shares.append(counts[1] / sum(counts))
        assert sum(counts) == pytest.approx(20_877 * fraction, abs=1)
    assert shares[1] == pytest.approx(shares[0], abs=0.001)
