from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.types import standard_artifacts

from components.errors import BertlineError, EvaluationError
from components.evaluator.baseline import Baseline, candidate_decisions, find_baseline
from components.evaluator.decisions import default_decisions
from components.evaluator.executor import measure_both
from tests.components.evaluator import models
from tests.components.evaluator.models import BETTER, GOOD

LABELS = {"kind": "binary", "names": ["neg", "pos"], "threshold": 0.5}


@pytest.fixture
def candidate(model):
    return f"{model(GOOD).uri}/Format-Serving"


def _baseline(**changes):
    return Baseline(**{"folder": "served", "version": "17", "is_candidate": False, "problem": None, **changes})


def test_another_model_is_found_with_its_version(candidate, model, as_served):
    served = as_served(model(BETTER))
    assert find_baseline([served], candidate, LABELS) == Baseline(
        folder=f"{served.uri}/Format-Serving",
        version="17",
        is_candidate=False,
        problem=None,
        decisions=default_decisions(LABELS),
    )


def test_without_an_input_there_is_none(candidate):
    assert find_baseline([], candidate, LABELS) is None


def test_where_nothing_is_served_there_is_none(candidate, as_served, tmp_path):
    nothing = standard_artifacts.Model()
    nothing.uri = str(tmp_path)
    assert find_baseline([as_served(nothing, version="")], candidate, LABELS) is None


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
    baseline = find_baseline([served], candidate, LABELS)
    assert baseline
    assert baseline.problem
    assert "version 17" in baseline.problem
    assert "run without the cache" in baseline.problem


def test_a_copy_of_the_candidate_is_known_as_such(candidate, as_served, tmp_path):
    copy = standard_artifacts.Model()
    copy.uri = str(tmp_path)
    shutil.copytree(candidate, tmp_path / "Format-Serving")
    baseline = find_baseline([as_served(copy)], candidate, LABELS)
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
    baseline = find_baseline([as_served(models.write_model(tmp_path, served(0), signature))], candidate, LABELS)
    assert baseline
    assert baseline.problem == f"the served model (version 17) cannot be compared with: {cause}"


@pytest.mark.parametrize(
    ("decisions", "cause"),
    [
        (("binary", ["no", "yes"], [0.5]), "it answers with binary labels ['no', 'yes'], not with binary labels"),
        (("multilabel", ["pos"], [0.5]), "it answers with multilabel labels ['pos'], not with binary labels"),
        (("binary", ["neg", "pos"], [0.5, 0.5]), "its assets.extra/decisions.json cannot be used (ValueError:"),
    ],
)
def test_other_labels_are_a_problem_in_a_sentence(candidate, as_served, tmp_path, decisions, cause):
    served = models.write_model(tmp_path, models.WordModel(0))
    models.write_decisions(served, *decisions)
    baseline = find_baseline([as_served(served)], candidate, LABELS)
    assert baseline
    assert baseline.problem
    assert baseline.problem.startswith(f"the served model (version 17) cannot be compared with: {cause}")


@pytest.mark.parametrize("graph", [b"", b"\xff no graph"])
def test_a_served_graph_that_cannot_be_read_is_a_problem_in_a_sentence(candidate, model, as_served, tmp_path, graph):
    shutil.copytree(model(BETTER).uri, tmp_path, dirs_exist_ok=True)
    copy = standard_artifacts.Model()
    copy.uri = str(tmp_path)
    (tmp_path / "Format-Serving" / "saved_model.pb").write_bytes(graph)
    baseline = find_baseline([as_served(copy)], candidate, LABELS)
    assert baseline
    assert "(version 17) cannot be compared with: its saved_model.pb cannot be read (" in str(baseline.problem)
    with pytest.raises(
        EvaluationError, match=r"cannot be evaluated: its saved_model.pb cannot be read .*; mend its export"
    ):
        candidate_decisions(f"{tmp_path}/Format-Serving", LABELS)


def test_decisions_in_another_encoding_are_a_problem_in_a_sentence(candidate, as_served, tmp_path):
    served = models.write_model(tmp_path, models.WordModel(0))
    models.write_decisions(served, "binary", ["neg", "pos"], [0.5])
    file = tmp_path / "Format-Serving" / "assets.extra" / "decisions.json"
    file.write_bytes(file.read_bytes().replace(b"neg", b"n\xe9g"))
    baseline = find_baseline([as_served(served)], candidate, LABELS)
    assert baseline
    assert "its assets.extra/decisions.json cannot be used (UnicodeDecodeError" in str(baseline.problem)


class PairModel(models.WordModel):
    """Takes one text or two."""

    def save(self, folder, pair):
        names = ["text", "text_pair"][: 1 + pair]
        texts = tf.function(
            lambda **given: {"scores": tf.fill([tf.size(given["text"]), 1], 0.5)},
            input_signature=None,
        ).get_concrete_function(**{name: tf.TensorSpec([None], tf.string, name=name) for name in names})
        signatures = {"serving_examples": self.serving_examples, "serving_default": texts}
        tf.saved_model.save(self, str(folder / "Format-Serving"), signatures=signatures)
        artifact = standard_artifacts.Model()
        artifact.uri = str(folder)
        return artifact


def test_a_model_of_pairs_is_no_baseline_for_one_of_texts(as_served, tmp_path):
    single, pair = (PairModel(0).save(tmp_path / str(pair), pair) for pair in (False, True))
    baseline = find_baseline([as_served(single)], f"{pair.uri}/Format-Serving", LABELS)
    assert baseline
    assert baseline.problem
    assert baseline.problem.endswith("it takes text, the candidate text and text_pair")


def test_both_are_measured_together():
    asked = []

    def measure(folders):
        asked.append(folders)
        return {name: {"overall": {}} for name in folders}

    metrics, baseline = measure_both("own", _baseline(), measure)
    assert asked == [{"candidate": "own", "served": "served"}]
    assert set(metrics) == {"candidate", "served"}
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
    assert metrics["served"] == metrics["candidate"] == {"overall": {"auc": 0.9}}


def test_a_candidate_that_cannot_be_scored_is_a_clear_error():
    def measure(folders):
        raise ValueError("no such split\nand a wall of text")

    with pytest.raises(BertlineError, match="evaluating the trained model failed with ValueError: no such split;"):
        measure_both("own", _baseline(), measure)


def test_a_fault_of_the_linear_baseline_is_laid_to_neither_model():
    def measure(folders):
        raise EvaluationError("the linear baseline has no score of the example a: it is of other data")

    for baseline in (None, _baseline()):
        with pytest.raises(EvaluationError, match=r"^the linear baseline has no score"):
            measure_both("own", baseline, measure)


def test_the_models_that_are_tested_with_have_the_files_of_a_real_one(candidate):
    assert (Path(candidate) / "variables" / "variables.index").is_file()
