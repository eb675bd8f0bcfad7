"""The step on files as TFX hands them over."""

from __future__ import annotations

import dataclasses
import json

from tfx.types import standard_artifacts

from components.evaluator.decisions import _checked
from components.linear_baseline.artifact import LinearPredictions
from components.linear_baseline.executor import Executor
from components.linear_baseline.predictions import read
from tests.components.linear_baseline.corpus import binary, task, write_splits


def test_it_leaves_predictions_and_no_model(tmp_path):
    write_splits(tmp_path / "examples", train=binary(90), eval=binary(40, seed=1), test=binary(50, seed=2))
    examples, predictions = standard_artifacts.Examples(), LinearPredictions()
    examples.uri, predictions.uri = str(tmp_path / "examples"), str(tmp_path / "predictions")
    examples.split_names = '["train", "eval", "test"]'
    Executor().Do(
        {"examples": [examples]},
        {"predictions": [predictions]},
        {"settings": json.dumps(dataclasses.asdict(task(tune="f1"))), "code": "c"},
    )
    left = sorted(path.name for path in (tmp_path / "predictions").rglob("*"))
    assert left == ["decisions.json", "predictions.parquet", "summary.json"]
    scored = read(predictions.uri, ["test"])
    assert scored.ids == [row[0] for row in binary(50, seed=2)]
    assert [score > 0.5 for score in scored.scores[:, 0]] == [row[3] == [1] for row in binary(50, seed=2)]
    decisions = json.loads((tmp_path / "predictions" / "decisions.json").read_text())
    assert _checked(decisions).scored == ("a",)  # as Evaluator reads a model's own
    summary = json.loads((tmp_path / "predictions" / "summary.json").read_text())
    assert summary["eval"]["auc"] == 1
    assert summary["seconds"] >= 0
