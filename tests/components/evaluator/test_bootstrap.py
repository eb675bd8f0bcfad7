from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from components.evaluator import bootstrap
from components.evaluator.bootstrap import resample
from components.evaluator.decisions import Decisions
from components.evaluator.names import METRICS
from tests.components.evaluator.answers import metrics_of, predictions_of

GENERATOR = np.random.default_rng(11)


def scores_of(targets: np.ndarray, strength: float, generator=GENERATOR) -> np.ndarray:
    return np.clip(0.5 + strength * (targets - 0.5) + generator.normal(0, 0.25, targets.shape), 0, 1)


def resampled(predictions, wanted, draws=400, **settings):
    return resample(predictions, wanted, draws, 0.95, **settings)


@pytest.fixture(scope="module")
def two_models():
    """Some 1,000 rows of two bands; the served model is the candidate with a little noise."""
    targets = np.arange(1000) % 2
    own = scores_of(targets, 0.3)
    served = np.clip(own + GENERATOR.normal(0, 0.02, own.shape), 0, 1)
    bands = [("length_band=long",) if row % 5 == 0 else ("length_band=short",) for row in range(1000)]
    return predictions_of(targets, {"candidate": own, "served": served}, bands)


def test_the_interval_of_a_share_is_that_of_its_standard_error(two_models):
    accuracy = metrics_of(two_models, "candidate")["overall"]["accuracy"]
    interval = resampled(two_models, {"candidate": {"overall": ["accuracy"]}}, 2000).interval("overall", "accuracy")
    assert interval is not None
    error = np.sqrt(accuracy * (1 - accuracy) / 1000)
    assert interval == pytest.approx((accuracy - 1.96 * error, accuracy + 1.96 * error), abs=0.005)


def test_intervals_cover_as_often_as_they_say():
    generator, covered = np.random.default_rng(2), 0
    for _ in range(120):
        targets = generator.integers(0, 2, 150)
        scores = np.where(generator.random(150) < 0.8, targets, 1 - targets)  # right in 80 of 100
        predictions = predictions_of(targets, {"candidate": scores})
        found = resampled(predictions, {"candidate": {"overall": ["accuracy"]}}, 200).interval("overall", "accuracy")
        assert found is not None
        covered += found[0] <= 0.8 <= found[1]
    assert 0.88 <= covered / 120 <= 0.99


def test_a_difference_of_the_same_rows_is_known_better_than_either_model(two_models):
    whole = {"overall": ["auc"]}
    found = resampled(two_models, {"candidate": whole, "served": whole})
    own, difference = found.interval("overall", "auc"), found.difference("served", "overall", "auc")
    assert own is not None
    assert difference is not None
    assert difference[1] - difference[0] < (own[1] - own[0]) / 3
    assert (
        difference[0]
        <= metrics_of(two_models, "candidate")["overall"]["auc"] - metrics_of(two_models, "served")["overall"]["auc"]
        <= difference[1]
    )


def test_fewer_rows_have_wider_intervals_and_equal_arguments_equal_ones(two_models):
    wanted = {"candidate": {"overall": ["f1"], "length_band=long": ["f1"], "length_band=none": ["f1"]}}
    found, again = resampled(two_models, wanted), resampled(two_models, wanted)
    assert found.intervals() == again.intervals()
    assert set(found.intervals()) == {"overall", "length_band=long"}
    whole, band = (found.intervals()[name]["f1"] for name in ("overall", "length_band=long"))
    assert band[1] - band[0] > 1.5 * (whole[1] - whole[0])


def test_what_most_draws_leave_undefined_has_no_interval():
    targets = np.zeros(200, int)
    targets[0] = 1  # in a third of the draws it is not there
    found = resampled(
        predictions_of(targets, {"candidate": np.linspace(0, 1, 200)}), {"candidate": {"overall": ["auc"]}}
    )
    assert found.interval("overall", "auc") is None
    assert found.interval("overall", "accuracy", model="served") is None
    assert found.difference("served", "overall", "auc") is None


def test_several_labels_have_an_interval_each():
    targets = (np.random.default_rng(3).random((300, 2)) < 0.4).astype(int)
    decisions = Decisions("multilabel", ("a", "b"), (0.5, 0.5))
    predictions = predictions_of(targets, {"candidate": scores_of(targets, 0.3)}, decisions=decisions)
    wanted = ["auc", "auc/a", "auc/b", "f1", "f1/b", "f1_micro", "auc_micro"]
    found = resampled(predictions, {"candidate": {"overall": wanted}}, 100).intervals()["overall"]
    assert set(found) == set(wanted)
    narrow = resampled(predictions, {"candidate": {"overall": ["auc/b"]}}, 100).intervals()["overall"]
    assert narrow == {"auc/b": found["auc/b"]}


def test_progress_is_told():
    told = []
    predictions = predictions_of(np.arange(20) % 2, {"candidate": np.linspace(0, 1, 20)}, [("span=1",)] * 20)
    wanted = {"candidate": {"overall": ["accuracy"], "span=1": ["accuracy"]}}
    resampled(predictions, wanted, 5, advance=lambda *done: told.append(done))
    assert told == [(5, 10), (10, 10)]


def test_what_few_rows_show_without_a_fault_is_not_held_for_certain():
    targets = np.arange(30) % 2
    found = resampled(predictions_of(targets, {"candidate": targets}), {"candidate": {"overall": METRICS}})
    wilson = 30 / (30 + 1.96**2), 1
    assert found.interval("overall", "accuracy") == pytest.approx(wilson, abs=1e-4)
    of_positives = 15 / (15 + 1.96**2), 1
    for metric in ("auc", "auc_pr", "f1", "recall", "precision"):
        assert found.interval("overall", metric) == pytest.approx(of_positives, abs=1e-4)


def test_few_rows_that_two_models_answer_alike_do_not_make_them_equal():
    targets = np.arange(30) % 2
    whole = {"overall": ["accuracy", "auc"]}
    predictions = predictions_of(targets, {"candidate": targets, "served": targets * 0.9})
    found = resampled(predictions, {"candidate": whole, "served": whole})
    one_in_thirty = 1.96**2 / (30 + 1.96**2)  # Wilson's high end of none in 30
    assert found.difference("served", "overall", "accuracy") == pytest.approx((-one_in_thirty, one_in_thirty), abs=1e-4)
    of_positives = 1.96**2 / (15 + 1.96**2)
    assert found.difference("served", "overall", "auc") == pytest.approx((-of_positives, of_positives), abs=1e-4)


def test_the_same_model_differs_in_nothing():
    targets = np.arange(30) % 2
    whole = {"overall": METRICS}
    predictions = predictions_of(targets, {"candidate": targets, "served": targets})
    found = resampled(predictions, {"candidate": whole, "served": whole})
    assert {found.difference("served", "overall", metric) for metric in METRICS} == {(0, 0)}


def test_rows_of_one_text_are_drawn_together():
    scores = np.random.default_rng(12).random(100)
    targets = (np.random.default_rng(13).random(100) < scores).astype(int)
    once = predictions_of(targets, {"candidate": scores})
    often = predictions_of(np.tile(targets, 4), {"candidate": np.tile(scores, 4)})
    often = dataclasses.replace(often, ids=np.tile(once.ids, 4))
    wanted = {"candidate": {"overall": ["auc"]}}
    assert resampled(often, wanted).interval("overall", "auc") == pytest.approx(
        resampled(once, wanted).interval("overall", "auc")
    )


def test_repeats_of_few_texts_are_no_proof():
    targets = np.tile([0, 1], 20)
    predictions = predictions_of(targets, {"candidate": targets}, [("source=a",)] * 40)
    four = dataclasses.replace(predictions, ids=np.tile(predictions.ids[:4], 10))
    wanted = {"candidate": {"overall": ["accuracy", "recall"], "source=a": ["accuracy"]}}
    found, distinct = resampled(four, wanted), resampled(predictions, wanted)
    for name in ("overall", "source=a"):
        assert found.interval(name, "accuracy") == pytest.approx((4 / (4 + 1.96**2), 1), abs=1e-4)
        assert distinct.interval(name, "accuracy") == pytest.approx((40 / (40 + 1.96**2), 1), abs=1e-4)
    assert found.interval("overall", "recall") == pytest.approx((2 / (2 + 1.96**2), 1), abs=1e-4)


def test_a_draw_without_a_row_of_a_label_says_nothing_of_its_recall():
    targets = np.zeros(400, int)
    targets[:4] = 1  # in 2 of 100 draws none of them is there
    found = resampled(
        predictions_of(targets, {"candidate": targets * 0.8}), {"candidate": {"overall": ["recall", "f1"]}}
    )
    draws = found.figures["candidate", "overall", "recall"].values
    assert 0 < np.isnan(draws).mean() < 0.05
    assert np.nanmin(draws) == 1
    assert np.isnan(found.figures["candidate", "overall", "f1"].values).tolist() == np.isnan(draws).tolist()


def test_means_are_of_the_labels_that_a_draw_holds():
    targets = np.zeros((300, 2), int)
    targets[::2, 0] = 1
    targets[:2, 1] = 1  # in 13 of 100 draws neither is there
    decisions = Decisions("multilabel", ("often", "seldom"), (0.5, 0.5))
    predictions = predictions_of(targets, {"candidate": scores_of(targets, 0.4)}, decisions=decisions)
    found = resampled(predictions, {"candidate": {"overall": ["auc", "auc/seldom", "auc/often"]}})
    assert found.interval("overall", "auc/seldom") is None
    assert found.interval("overall", "auc/often") is not None
    assert np.isfinite(found.figures["candidate", "overall", "auc"].values).all()


OFTEN_AND_RARE = Decisions("multilabel", ("often", "rare"), (0.5, 0.5))


def often_and_rare(rare: int) -> np.ndarray:
    """Targets of two labels, [600, 2]: half of the rows hold the first, the `rare` first ones the second."""
    targets = np.zeros((600, 2), int)
    targets[::2, 0] = 1
    targets[:rare, 1] = 1
    return targets


def test_a_mean_over_labels_is_no_surer_than_its_rarest_label():
    targets = often_and_rare(rare=5)
    scores = np.clip(targets + np.where(np.arange(600) % 10 == 0, -0.9, 0)[:, None] * [1, 0], 0, 1)
    predictions = predictions_of(targets, {"candidate": scores}, decisions=OFTEN_AND_RARE)
    found = resampled(predictions, {"candidate": {"overall": ["recall", "recall/rare", "recall/often"]}})
    mean, rare, often = (found.interval("overall", name) for name in ("recall", "recall/rare", "recall/often"))
    assert mean is not None
    assert rare is not None
    assert rare == pytest.approx((5 / (5 + 1.96**2), 1), abs=1e-4)
    assert often is not None
    assert mean[0] < 0.9 - (1 - rare[0]) / 2 + 0.01
    assert mean[0] > (rare[0] + often[0]) / 2  # both at their worst at once is less likely than that
    assert set(found.intervals()["overall"]) == {"recall", "recall/rare", "recall/often"}


def test_means_over_labels_cover_as_often_as_they_say():
    generator, beyond, trials = np.random.default_rng(4), 0, 80
    for _ in range(trials):
        found_often, found_rare = generator.random(600) < 0.95, generator.random(600) < 0.7
        targets = often_and_rare(rare=5)
        scores = targets * np.stack([found_often, found_rare], axis=1).astype(float)
        predictions = predictions_of(targets, {"candidate": scores}, decisions=OFTEN_AND_RARE)
        interval = resampled(predictions, {"candidate": {"overall": ["recall"]}}, 150).interval("overall", "recall")
        assert interval is not None
        beyond += interval[0] > (0.95 + 0.7) / 2
    assert beyond / trials <= 0.05  # 0.19 where the rare label's own chance is left out


def test_two_models_are_compared_label_by_label():
    targets = often_and_rare(rare=40)
    own, served = targets * 0.9, targets * 0.9
    own[1::10, 0] = served[1::10, 0] = 0.6  # the same false alarms
    own[3:40, 1] = served[6:40, 1] = 0.1  # both are right whenever they answer
    predictions = predictions_of(targets, {"candidate": own, "served": served}, decisions=OFTEN_AND_RARE)
    whole = {"overall": ["precision"]}
    found = resampled(predictions, {"candidate": whole, "served": whole})
    figures = [found.figures[model, "overall", "precision"] for model in ("candidate", "served")]
    assert figures[0].estimate == figures[1].estimate
    assert np.nanmin(figures[0].values - figures[1].values) < -0.05  # of those without an answer `rare`, means of one
    of_three = 1.96**2 / (3 + 1.96**2) / 2
    assert found.difference("served", "overall", "precision") == pytest.approx((-of_three, of_three), abs=0.03)


def test_labels_that_most_draws_lack_leave_their_mean_unsure():
    targets = often_and_rare(rare=2)
    own, served = targets * 0.9, targets * 0.9
    served[0, 1] = 0.1
    predictions = predictions_of(targets, {"candidate": own, "served": served}, decisions=OFTEN_AND_RARE)
    whole = {"overall": ["recall"]}
    found = resampled(predictions, {"candidate": whole, "served": whole})
    interval, difference = found.interval("overall", "recall"), found.difference("served", "overall", "recall")
    assert interval is not None
    assert interval[0] < 0.7
    assert difference is not None
    assert difference[0] < 0 < 0.25 < difference[1]


def test_labels_that_no_row_holds_count_in_draws_as_they_do_in_the_estimate():
    names = ("a", "b", "c")
    scores = np.random.default_rng(6).dirichlet((2, 1, 1), 200)
    targets = np.eye(3, dtype=int)[np.zeros(200, int)]  # as in the slice of a label
    rows = [("label=a",)] * 200
    predictions = predictions_of(targets, {"candidate": scores}, rows, Decisions("multiclass", names, ()))
    estimates = metrics_of(predictions, "candidate")["label=a"]
    found = resampled(predictions, {"candidate": {"label=a": METRICS}}).intervals()["label=a"]
    assert {"f1", "recall", "precision", "accuracy"} <= set(found)
    for metric in ("f1", "recall", "precision"):
        assert found[metric][0] < estimates[metric] < found[metric][1]


def test_what_rests_on_no_trial_has_no_interval():
    targets = np.zeros((50, 2), int)
    scores = {"candidate": np.full((50, 2), 0.1)}
    predictions = predictions_of(targets, scores, decisions=Decisions("multilabel", ("a", "b"), (0.5, 0.5)))
    wanted = ["accuracy", "recall", "recall/a", "precision", "f1", "f1_micro"]
    found = resampled(predictions, {"candidate": {"overall": wanted}}, 50).intervals()["overall"]
    assert set(found) == {"accuracy"}


def test_a_slice_that_a_draw_holds_no_row_of_is_undefined_in_it():
    bands = [("length_band=long",)] * 2 + [()] * 98
    predictions = predictions_of(np.arange(100) % 2, {"candidate": np.linspace(0, 1, 100)}, bands)
    found = resampled(predictions, {"candidate": {"length_band=long": METRICS}})
    assert found.interval("length_band=long", "accuracy") is None  # in 13 of 100 draws


def test_many_draws_of_many_rows_come_in_parts_and_change_nothing(two_models, monkeypatch):
    wanted = {"candidate": {"overall": ["auc"], "length_band=long": ["accuracy"]}}
    whole = resampled(two_models, wanted, 50)
    monkeypatch.setattr(bootstrap, "_MOST_BYTES", 7000)
    told = []
    parts = resampled(two_models, wanted, 50, advance=lambda *done: told.append(done))
    assert parts.intervals() == whole.intervals()
    assert len(told) == 2 * 8
    assert told[-1] == (100, 100)


def test_the_interval_of_a_calibration_error_holds_the_estimate():
    generator = np.random.default_rng(9)
    scores = generator.random(2000)
    targets = (generator.random(2000) < scores).astype(int)  # calibrated, but for chance
    predictions = predictions_of(targets, {"candidate": scores, "served": scores * 0.98})
    whole = {"overall": ["ece"]}
    found = resampled(predictions, {"candidate": whole, "served": whole})
    error = metrics_of(predictions, "candidate")["overall"]["ece"]
    assert found.figures["candidate", "overall", "ece"].values.mean() > error * 1.2
    low, high = found.interval("overall", "ece") or (1.0, 0.0)
    assert 0 <= low <= error <= high
    difference = error - metrics_of(predictions, "served")["overall"]["ece"]
    low, high = found.difference("served", "overall", "ece") or (1.0, 0.0)
    assert low <= difference <= high


@pytest.mark.parametrize("error", [0.0, 0.05, 0.1])
def test_the_true_calibration_error_is_seldom_beyond_the_high_end(error):
    generator, beyond = np.random.default_rng(3), 0
    for _ in range(60):
        scores = generator.uniform(0.2, 0.8, 400)
        targets = (generator.random(400) < scores + error).astype(int)  # in every bin the truth lies higher by this
        predictions = predictions_of(targets, {"candidate": scores})
        found = resampled(predictions, {"candidate": {"overall": ["ece"]}}, 150).interval("overall", "ece")
        assert found is not None
        beyond += error > found[1]
    assert beyond / 60 <= 0.05
