from __future__ import annotations

import pytest

from benchmarks.evaluating import report
from benchmarks.evaluating.measure import FEW, Drawing, Peak, Scoring, SideRun, Took
from benchmarks.evaluating.names import LONG, PLAIN, STEP


def a_run(seconds, few):
    return SideRun(Took(seconds, 3 * seconds, 5.0), Took(few, 2 * few, 5.0))


def a_scoring(rows=1032, step=((14.0, 4.0), (24.0, 4.0)), plain=((10.0, 1.0), (10.0, 1.0))):
    runs = {STEP: [a_run(*each) for each in step], PLAIN: [a_run(*each) for each in plain]}
    return Scoring(LONG, "IMDB", rows, 230.0, 3e-8, runs)


def test_ratios_are_made_within_a_round():
    whole, processors, *_ = report.scoring_claims(a_scoring())
    assert whole.values == [1.4, 2.4]
    assert (whole.goal, whole.reached) == (report.SCORING_GOAL, False)
    assert processors.values == [pytest.approx(1.4), pytest.approx(2.4)]


def test_what_is_paid_once_and_what_with_each_row_are_told_apart():
    _, _, projected, of_processors, once, each = report.scoring_claims(a_scoring())
    assert once.values == [3.0, 3.0]
    assert each.values == [pytest.approx(1.0), pytest.approx(11.0)]  # (10 - 9) and (20 - 9) ms
    assert projected.values[0] == pytest.approx((4 + 0.010 * 24_968) / (1 + 0.009 * 24_968))
    # 42 s of processors for 1,032 rows, 8 of them for the first 32; and 30 and 2.
    assert of_processors.values[0] == pytest.approx((8 + 0.034 * 24_968) / (2 + 0.028 * 24_968))
    assert [claim.goal for claim in (projected, of_processors, once, each)] == [None] * 4


def test_no_more_rows_than_a_few_tell_nothing_of_each():
    assert len(report.scoring_claims(a_scoring(rows=FEW))) == 2


def test_the_bootstrap_is_a_share_of_scoring_as_many_rows():
    slow = a_scoring(rows=1000, step=((10.0, 1.0),), plain=((10.0, 1.0),))  # 100 rows a second: 250 s for 25,000
    seconds, share = report.drawing_claims(Drawing(25_000, 6, 8, draws=100, seconds=5.0), [slow])
    assert "6 labels" in seconds.name
    assert seconds.values == [50.0]
    assert (share.values, share.unit) == ([pytest.approx(20.0)], "%")


def test_memory_grows_by_a_ratio_and_by_bytes_a_row():
    peaks = [Peak(5 * 2**20, 1500.0, 700.0), Peak(2**20, 1000.0, 700.0)]
    ratio, growth = report.memory_claims(peaks)
    assert (ratio.values, ratio.reached) == ([1.5], False)
    assert growth.values == [125.0]
    assert report.memory_claims(peaks[:1]) == []
