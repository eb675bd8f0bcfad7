from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from components.linear_baseline.predictions import Scored, read, write


def test_rows_are_sorted_by_split_and_id(tmp_path):
    scores = np.array([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7]], np.float32)
    splits = {"test": Scored(["c", "a", "b"], scores), "eval": Scored(["b"], scores[:1])}
    write(str(tmp_path / "new"), splits, {"thresholds": [0.5]}, {"eval": {"auc": float("nan")}})
    table = pq.read_table(tmp_path / "new" / "predictions.parquet")
    assert table.schema.names == ["id", "split", "scores"]
    assert table.schema.field("scores").type == pa.list_(pa.float32())
    assert table["split"].to_pylist() == ["eval", "test", "test", "test"]
    assert table["id"].to_pylist() == ["b", "a", "b", "c"]
    kept = read(str(tmp_path / "new"), ["test"])
    assert kept.ids == ["a", "b", "c"]
    np.testing.assert_array_equal(kept.scores, scores[[1, 2, 0]])
    assert read(str(tmp_path / "new"), ["test", "eval"]).ids == ["b", "a", "b", "c"]
    assert json.loads((tmp_path / "new" / "decisions.json").read_text()) == {"thresholds": [0.5]}
    assert json.loads((tmp_path / "new" / "summary.json").read_text()) == {"eval": {"auc": None}}


def test_rows_of_equal_ids_are_all_kept(tmp_path):
    scores = np.array([[0.1], [0.2], [0.3]], np.float32)
    write(str(tmp_path), {"test": Scored(["same", "other", "same"], scores)}, {}, {})
    kept = read(str(tmp_path), ["test"])
    assert kept.ids == ["other", "same", "same"]
    np.testing.assert_array_equal(kept.scores[:, 0], scores[[1, 0, 2], 0])


def test_a_split_without_examples_has_no_scores(tmp_path):
    write(str(tmp_path), {"test": Scored([], np.zeros((0, 1), np.float32))}, {}, {})
    assert read(str(tmp_path), ["test"]).ids == []
    assert len(read(str(tmp_path), ["eval"]).scores) == 0
