from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tfx.types import standard_artifacts

from components.errors import BertlineError
from components.evaluator.baseline import Baseline, find_baseline
from components.evaluator.executor import measure_both
from tests.components.evaluator import models
from tests.components.evaluator.models import BETTER, GOOD


@pytest.fixture
def candidate(model):
    return f"{model(GOOD).uri}/Format-Serving"


def _baseline(**changes):
    return Baseline(**{"folder": "served", "version": "17", "is_candidate": False, "problem": None, **changes})


def test_another_model_is_found_with_its_version(candidate, model, as_served):
    served = as_served(model(BETTER))
    assert find_baseline([served], candidate) == Baseline(
        folder=f"{served.uri}/Format-Serving", version="17", is_candidate=False, problem=None
    )


def test_without_an_input_there_is_none(candidate):
    assert find_baseline([], candidate) is None


def test_where_nothing_is_served_there_is_none(candidate, as_served, tmp_path):
    nothing = standard_artifacts.Model()
    nothing.uri = str(tmp_path)
    assert find_baseline([as_served(nothing, version="")], candidate) is None


@pytest.mark.parametrize("harm", ["gone", "other"])
def test_a_served_model_whose_copy_was_lost_is_a_problem_and_not_a_first_run(
    candidate, model, as_served, tmp_path, harm
):
    shutil.copytree(model(BETTER).uri, tmp_path, dirs_exist_ok=True)
    copy = standard_artifacts.Model()
    copy.uri = str(tmp_path)
    served = as_served(copy)
    shutil.rmtree(tmp_path / "Format-Serving")
    if harm == "other":
        shutil.copytree(candidate, tmp_path / "Format-Serving")
    baseline = find_baseline([served], candidate)
    assert baseline
    assert baseline.problem
    assert "version 17" in baseline.problem
    assert "run without the cache" in baseline.problem


def test_a_copy_of_the_candidate_is_known_as_such(candidate, as_served, tmp_path):
    copy = standard_artifacts.Model()
    copy.uri = str(tmp_path)
    shutil.copytree(candidate, tmp_path / "Format-Serving")
    baseline = find_baseline([as_served(copy)], candidate)
    assert baseline
    assert baseline.is_candidate


@pytest.mark.parametrize(
    ("served", "signature", "cause"),
    [
        (models.TwoLabelModel, "serving_examples", "its scores have the shape [-1, 2], the candidate's [-1, 1]"),
        (models.WordModel, "serving_default", "it has no signature serving_examples with an output scores"),
    ],
)
def test_another_signature_is_a_problem_in_a_sentence(candidate, as_served, tmp_path, served, signature, cause):
    baseline = find_baseline([as_served(models.write_model(tmp_path, served(0), signature))], candidate)
    assert baseline
    assert baseline.problem == f"the served model (version 17) cannot be compared with: {cause}"


def test_both_are_measured_together():
    asked = []

    def measure(folders):
        asked.append(folders)
        return {name: {"overall": {}} for name in folders}

    metrics, baseline = measure_both("own", _baseline(), measure)
    assert asked == [{"candidate": "own", "baseline": "served"}]
    assert set(metrics) == {"candidate", "baseline"}
    assert baseline == _baseline()


@pytest.mark.parametrize("baseline", [None, _baseline(problem="broken")])
def test_without_a_usable_baseline_the_candidate_is_measured_alone(baseline):
    metrics, after = measure_both("own", baseline, lambda folders: {name: {"overall": {}} for name in folders})
    assert metrics == {"candidate": {"overall": {}}}
    assert after == baseline


def test_the_served_model_itself_is_measured_once():
    asked = []

    def measure(folders):
        asked.append(folders)
        return {"candidate": {"overall": {"auc": 0.9}}}

    metrics, _ = measure_both("own", _baseline(is_candidate=True), measure)
    assert asked == [{"candidate": "own"}]
    assert metrics["baseline"] == metrics["candidate"] == {"overall": {"auc": 0.9}}


def test_a_candidate_that_cannot_be_scored_is_a_clear_error():
    def measure(folders):
        raise ValueError("no such split\nand a wall of text")

    with pytest.raises(BertlineError, match="evaluating the trained model failed with ValueError: no such split;"):
        measure_both("own", _baseline(), measure)


def test_the_models_that_are_tested_with_have_the_files_of_a_real_one(candidate):
    assert (Path(candidate) / "variables" / "variables.index").is_file()
