from __future__ import annotations

import numpy as np
import pytest

from components.errors import EvaluationError
from components.evaluator.decisions import Decisions
from components.evaluator.linear import LinearScores, find_linear
from components.linear_baseline import predictions
from components.linear_baseline.artifact import LinearPredictions
from components.linear_baseline.predictions import Scored, read

OWN = Decisions("binary", ("neg", "pos"), (0.5,))


def write_linear(folder, ids, scores, split="test", names=("neg", "pos"), thresholds=(0.4,)) -> LinearPredictions:
    """What LinearBaseline leaves behind."""
    decisions = {"kind": "binary", "names": list(names), "thresholds": list(thresholds), "temperature": [1.0]}
    scored = Scored(list(ids), np.array(scores, np.float32)[:, None])
    predictions.write(str(folder), {split: scored}, decisions, {})
    artifact = LinearPredictions()
    artifact.uri = str(folder)
    return artifact


def test_scores_are_found_by_id(tmp_path):
    write_linear(tmp_path, ["c", "a", "b"], [0.3, 0.1, 0.2])
    scores = LinearScores(read(str(tmp_path), ["test"]))
    np.testing.assert_allclose(scores.of(["b", "a", "b"]), [[0.2], [0.1], [0.2]])
    assert scores.of([]).shape == (0, 1)


@pytest.mark.parametrize("asked", ["0", "bb", "z"])
def test_an_example_without_a_score_is_of_other_data(tmp_path, asked):
    write_linear(tmp_path, ["c", "a", "b"], [0.3, 0.1, 0.2])
    with pytest.raises(EvaluationError, match=f"no score of the example {asked}: it is of other data"):
        LinearScores(read(str(tmp_path), ["test"])).of(["a", asked])


def test_other_splits_are_not_read(tmp_path):
    write_linear(tmp_path, ["a"], [0.1], split="eval")
    with pytest.raises(EvaluationError, match="no score of the example a"):
        LinearScores(read(str(tmp_path), ["test"])).of(["a"])


def test_it_is_found_with_its_own_thresholds(tmp_path):
    found = find_linear([write_linear(tmp_path, ["a"], [0.1])], OWN, ["test"])
    assert found is not None
    assert (found.problem, found.decisions) == (None, Decisions("binary", ("neg", "pos"), (0.4,)))
    assert find_linear([], OWN, ["test"]) is None


def test_what_cannot_be_compared_with_is_said(tmp_path):
    other = find_linear([write_linear(tmp_path, ["a"], [0.1], names=("no", "yes"))], OWN, ["test"])
    assert other is not None
    assert other.problem == (
        "the linear baseline cannot be compared with: it answers with binary labels ['no', 'yes'], not with binary "
        "labels ['neg', 'pos']"
    )
    (tmp_path / "decisions.json").unlink()
    artifact = LinearPredictions()
    artifact.uri = str(tmp_path)
    gone = find_linear([artifact], OWN, ["test"])
    assert gone is not None
    assert "its decisions.json is gone from the run's artifacts" in str(gone.problem)
