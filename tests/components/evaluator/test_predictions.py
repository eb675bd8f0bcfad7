from __future__ import annotations

import numpy as np
import pytest

from components.evaluator.decisions import Decisions
from components.evaluator.predictions import make_table, read_predictions, write_table


@pytest.mark.parametrize("labels", [1, 3])
def test_what_is_written_is_read(tmp_path, labels):
    kind, names = ("binary", ("no", "yes")) if labels == 1 else ("multilabel", ("a", "b", "c"))
    decisions = {model: Decisions(kind, names, (0.25,) * labels) for model in ("candidate", "linear")}
    generator = np.random.default_rng(1)
    targets = generator.integers(0, 2, (4, labels)).astype(np.int8)
    scores = {model: generator.random((4, labels)).astype(np.float32) for model in decisions}
    scores["candidate"][2] = np.nan
    slices = [("source=b", "x=1"), (), ("source=a",), ("source=b",)]
    write_table(make_table(["d", "b", "c", "a"], targets, slices, scores, decisions), str(tmp_path))
    read = read_predictions(str(tmp_path))
    order = [3, 1, 2, 0]
    assert read.ids.tolist() == ["a", "b", "c", "d"]
    assert (read.kind, read.names, len(read.scored), read.decisions) == (kind, names, labels, decisions)
    np.testing.assert_array_equal(read.targets, targets[order])
    assert set(read.scores) == {"candidate", "linear"}
    for model, of_model in read.scores.items():
        assert of_model.dtype == np.float32
        np.testing.assert_array_equal(of_model, scores[model][order])
    assert {name: rows.tolist() for name, rows in read.slices.items()} == {
        "source=a": [False, False, True, False],
        "source=b": [True, False, False, True],
        "x=1": [False, False, False, True],
    }


def test_one_of_many_has_no_thresholds(tmp_path):
    decisions = {"candidate": Decisions("multiclass", ("a", "b"), ())}
    table = make_table(["x"], np.array([[1, 0]]), [()], {"candidate": np.ones((1, 2), np.float32)}, decisions)
    write_table(table, str(tmp_path / "made"))
    assert read_predictions(str(tmp_path / "made")).decisions == decisions


def test_no_rows_are_an_empty_table(tmp_path):
    decisions = {"candidate": Decisions("binary", ("no", "yes"), (0.5,))}
    empty = np.zeros((0, 1), np.float32)
    write_table(make_table([], empty.astype(np.int8), [], {"candidate": empty}, decisions), str(tmp_path))
    assert read_predictions(str(tmp_path)).scores["candidate"].shape == (0, 1)
