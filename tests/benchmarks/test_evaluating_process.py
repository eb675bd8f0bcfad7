"""The commands of a side's process, on the model that costs nothing: the step and plain batches for real."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.evaluating import drawing, examples
from benchmarks.evaluating.making import LABELS
from benchmarks.evaluating.process import EvaluationProcess
from components.evaluator.names import OVERALL
from components.evaluator.predictions import read_predictions

TEXTS = [f"text {'word ' * (number * 2)}" for number in range(70)]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "trivial"
    EvaluationProcess().make_model(str(folder), trivial=True)
    return folder


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return examples.write(tmp_path_factory.mktemp("examples") / "all", TEXTS, LABELS, (50, 100))


@pytest.fixture(scope="module")
def ran(written, model, tmp_path_factory):
    """Both sides once: the process, and what each told."""
    process = EvaluationProcess()
    step = process.step(str(written.folder), str(model), str(tmp_path_factory.mktemp("run")), resamples=2)
    return process, step, process.plain(str(written.file), str(model))


def test_both_sides_score_every_row_alike_and_load_the_model_once(ran):
    process, step, plain = ran
    assert process.compare(step["evaluation"])["largest_difference"] < 1e-6
    assert step["loads"] == plain["loads"] == 1
    assert step["peak_mib"] > 100
    predictions = read_predictions(step["evaluation"])
    assert len(predictions.ids) == len(TEXTS)
    assert {"length_band=0-49", "length_band=50-99", "length_band=100+", "label=pos"} <= set(predictions.slices)


def test_other_scores_are_refused(ran):
    process, step, _ = ran
    right = process._scores
    process._scores = right + np.float32(0.25)
    with pytest.raises(ValueError, match=r"differ by 0\.25"):
        process.compare(step["evaluation"])
    process._scores = right * np.nan
    with pytest.raises(ValueError, match="differ by nan"):
        process.compare(step["evaluation"])
    process._scores = right


def test_other_examples_are_refused(ran, model, tmp_path):
    _, step, _ = ran
    other = EvaluationProcess()
    fewer = examples.write(tmp_path / "fewer", TEXTS[:40], LABELS, (50, 100))
    other.plain(str(fewer.file), str(model))
    with pytest.raises(ValueError, match="scored 70 examples, not the 40"):
        other.compare(step["evaluation"])


@pytest.mark.parametrize("labels", [1, 6])
def test_the_bootstrap_draws_every_slice_of_made_up_predictions(labels):
    predictions = drawing.make_predictions(rows=300, labels=labels)
    intervals = drawing.draw(predictions, draws=5).intervals()
    assert set(intervals) == {OVERALL, *predictions.slices}
    assert len(predictions.slices) == drawing.SLICES
    assert predictions.scores["candidate"].shape == (300, labels)
    assert 0.8 < intervals[OVERALL]["auc"][0] < intervals[OVERALL]["auc"][1] < 1
