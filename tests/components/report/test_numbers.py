"""The report's numbers against scikit-learn's on the same predictions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from components.report.collect import collect
from components.report.sections import curves
from components.report.told import Step, Told
from tests.components.report.making import BINARY, MULTICLASS, MULTILABEL, STEPS, Judged, judged, verdict, write_run

CASES = {
    BINARY: (("neg", "pos"), ("served", "linear")),
    MULTILABEL: (("toxic", "threat", "insult"), ("served",)),
    MULTICLASS: (("sport", "politics", "arts"), ("linear",)),
}


@pytest.fixture(scope="module", params=list(CASES))
def measured(request, tmp_path_factory):
    names, rivals = CASES[request.param]
    known = judged(request.param, names, rivals=rivals)
    return known, collect(write_run(tmp_path_factory.mktemp("run"), known))


def columns(known: Judged):
    """Each label's name, targets and scores by model."""
    for place, name in enumerate(known.scored):
        yield name, known.targets[:, place], {model: scores[:, place] for model, scores in known.scores.items()}


def test_every_section_has_its_numbers(measured):
    _, numbers = measured
    assert {name for name, of in numbers.items() if "missing" in of} == {"errors"}
    assert numbers["data"]["missing_parts"] == {}


def test_areas_are_scikit_learns_and_those_of_the_curves_that_are_drawn(measured):
    known, numbers = measured
    for name, targets, models in columns(known):
        for model, scores in models.items():
            roc, precise = numbers["curves"]["roc"][name][model], numbers["curves"]["precision_recall"][name][model]
            assert roc["auc"] == pytest.approx(metrics.roc_auc_score(targets, scores), abs=1e-12)
            drawn = metrics.auc(roc["false_positive_rate"], roc["true_positive_rate"])
            assert drawn == pytest.approx(roc["auc"], abs=2e-3)
            average = metrics.average_precision_score(targets, scores)
            assert precise["average_precision"] == pytest.approx(average, abs=1e-12)
    assert list(numbers["curves"]["roc"]) == list(known.scored)


def test_the_chosen_point_is_what_the_threshold_comes_to(measured):
    known, numbers = measured
    if known.kind == MULTICLASS:
        assert numbers["curves"]["chosen"] == numbers["curves"]["thresholds"] == {}
        return
    for place, (name, targets, models) in enumerate(columns(known)):
        chosen, answers = numbers["curves"]["chosen"][name], known.answers()[:, place]
        assert chosen["threshold"] == known.thresholds[place]
        assert chosen["precision"] == pytest.approx(metrics.precision_score(targets, answers))
        assert chosen["recall"] == pytest.approx(metrics.recall_score(targets, answers))
        assert chosen["f1"] == pytest.approx(metrics.f1_score(targets, answers))
        curve = numbers["curves"]["thresholds"][name]["candidate"]
        half = models["candidate"] >= np.float32(curve["threshold"][50])
        assert curve["f1"][50] == pytest.approx(metrics.f1_score(targets, half))


def test_bins_of_calibration_make_up_its_error(measured):
    known, numbers = measured
    for of_label in numbers["curves"]["calibration"].values():
        for of in of_label.values():
            held = [one for one in of["bins"] if one["examples"]]
            assert sum(one["examples"] for one in held) == len(known.ids)
            error = sum(one["examples"] * abs(one["mean_score"] - one["share"]) for one in held) / len(known.ids)
            assert of["ece"] == pytest.approx(error, abs=1e-6)


def test_confusion_is_scikit_learns(measured):
    known, numbers = measured
    targets, answers = known.targets > 0.5, known.answers()
    if known.kind == MULTILABEL:
        matrices = metrics.multilabel_confusion_matrix(targets, answers)
        for name, ((tn, fp), (fn, tp)) in zip(known.scored, matrices, strict=True):
            assert numbers["confusion"]["labels"][name] == {
                "true_positives": tp, "false_positives": fp, "false_negatives": fn, "true_negatives": tn,
            }  # fmt: skip
        return
    if known.kind == BINARY:
        expected = metrics.confusion_matrix(targets[:, 0], answers[:, 0])
    else:
        expected = metrics.confusion_matrix(targets.argmax(axis=1), answers.argmax(axis=1))
    assert numbers["confusion"]["matrix"] == expected.tolist()
    assert numbers["confusion"]["names"] == list(known.names)


def test_the_verdicts_own_numbers_stay_what_they_are(measured):
    known, numbers = measured
    told = verdict(known)
    assert numbers["gates"]["checks"] == told["checks"]
    assert numbers["comparison"]["differences"] == told["comparisons"]
    for name, of in numbers["slices"]["metrics"]["accuracy"].items():
        assert of == {"value": told["metrics"][name]["accuracy"], "interval": told["intervals"][name]["accuracy"]}


def test_lengths_are_quantiles_of_the_statistics(measured):
    _, numbers = measured
    words = numbers["data"]["lengths"]["words"]
    assert list(words) == ["train", "eval", "test"]
    for of in words.values():
        assert len(of["quantiles"]) == 41
        assert of["quantiles"] == sorted(of["quantiles"])
        assert of["quantiles"][20] == pytest.approx(of["median"], abs=1)


def test_a_verdict_without_intervals_and_comparisons_is_compared_all_the_same(tmp_path):
    known = judged(count=60)
    old = verdict(known)
    for key in ("forced", "intervals", "linear_metrics", "confidence", "resamples", "judge_by", "comparisons"):
        del old[key]
    numbers = collect(write_run(tmp_path, known, evaluation=old))
    [accuracy] = [one for one in numbers["comparison"]["differences"] if one["metric"] == "accuracy"]
    assert accuracy["against"] == "served"
    assert accuracy["difference"] == accuracy["value"] - accuracy["baseline"]
    assert numbers["slices"]["metrics"]["accuracy"]["overall"]["interval"] is None


def test_rows_whose_score_is_no_probability_are_counted_and_left_out(tmp_path):
    known = judged(count=60)
    known.scores["candidate"][:7] = np.nan
    known.scores["linear"][9] = np.nan
    curves = collect(write_run(tmp_path, known, evaluation=None))["curves"]
    assert (curves["examples"], curves["invalid"]) == (53, 7)
    there = np.arange(60) >= 7
    candidate = metrics.roc_auc_score(known.targets[there], known.scores["candidate"][there])
    assert curves["roc"]["pos"]["candidate"]["auc"] == pytest.approx(candidate)
    there[9] = False
    linear = metrics.roc_auc_score(known.targets[there], known.scores["linear"][there])
    assert curves["roc"]["pos"]["linear"]["auc"] == pytest.approx(linear)


def test_labels_of_one_class_have_no_curves(tmp_path):
    known = judged(MULTILABEL, ("toxic", "threat"), 60, ())
    known.targets[:, 1] = 0
    curves = collect(write_run(tmp_path, known, evaluation=None))["curves"]
    assert curves["labels"] == ["toxic"]
    assert curves["one_class"] == ["threat"]


def test_a_model_without_scores_is_left_out(tmp_path):
    known = judged(count=60)
    run = write_run(tmp_path, known)
    import pyarrow.parquet as pq

    file = tmp_path / "evaluation" / "predictions.parquet"
    table = pq.read_table(file)
    pq.write_table(table.drop(["served"]), file)
    assert collect(run)["curves"]["models"] == ["candidate", "linear"]


@pytest.mark.parametrize(
    ("state", "says"),
    [("failed", "The step Trainer failed."), ("waiting", "was not reached"), ("running", "has not ended")],
)
def test_what_is_missing_has_a_reason(state, says):
    steps = [Step(name, state if name == "Trainer" else "waiting", 0.0, {}) for name in STEPS]
    numbers = collect(Told("task", "run", "now", None, "STOPPED", "STOPPED", ["why"], steps))
    assert says in numbers["training"]["missing"]
    assert numbers["verdict"]["reasons"] == ["why"]
    assert "Evaluator was not reached" in numbers["curves"]["missing"]


@pytest.mark.parametrize(
    ("file", "section", "part"),
    [
        ("evaluation/predictions.parquet", "curves", None),
        ("model_run/history.json", "training", None),
        ("quarantine/summary.json", "data", "rows"),
        ("statistics/Split-train/FeatureStats.pb", "data", "lengths"),
        ("data_blessing/anomalies.json", "data", "gate"),
    ],
)
@pytest.mark.parametrize("damage", ["gone", "no such format"])
def test_a_file_that_is_gone_or_damaged_costs_its_section_alone(tmp_path, file, section, part, damage):
    run = write_run(tmp_path, judged(count=60))
    if damage == "gone":
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_bytes(b"\xff\x00 nothing")
    numbers = collect(run)
    others = set(numbers) - {section, "confusion", "errors"}
    assert not [name for name in others if "missing" in numbers[name]]
    found = numbers[section]
    if damage == "no such format":
        assert "cannot be read" in found["missing"]
    elif part is None:
        assert "is gone" in found["missing"]
    elif part == "lengths":  # of one split alone
        assert set(found[part]) == {"words", "characters", "tokens"}
        assert all(list(of) == ["eval", "test"] for of in found[part].values())
        assert found["missing_parts"] == {}
    else:
        assert set(found) == {"missing_parts", "rows", "lengths", "gate"} - {part}
        assert set(found["missing_parts"]) == {part}
        assert f"The file {file.rpartition('/')[2]} is gone" in found["missing_parts"][part]


def test_a_curve_of_rare_positives_is_drawn_where_they_are():
    random = np.random.default_rng(4)
    targets = random.random(20_000) < 0.01
    scores = np.clip(0.2 + 0.2 * targets + random.normal(0, 0.1, 20_000), 0, 1)
    drawn = curves._precision_recall(scores, targets)
    assert len(drawn["recall"]) <= 200
    precision, recall, _ = metrics.precision_recall_curve(targets, scores)
    at = np.linspace(0, 1, 500)
    shown = np.interp(at, drawn["recall"][::-1], drawn["precision"][::-1])
    assert shown == pytest.approx(np.interp(at, recall[::-1], precision[::-1]), abs=0.02)
