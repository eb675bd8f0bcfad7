from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from benchmarks.ingesting import report
from benchmarks.ingesting.contents import Contents, Equality
from benchmarks.ingesting.measure import SideRun, StepRun
from benchmarks.ingesting.report import OURS, STOCK, Parallel


def a_run(rows=1000, ingest=4.0, statistics=6.0, peak=800.0):
    steps = [
        StepRun("ExampleGen", ingest, 1.5 * ingest, peak - 100),
        StepRun("StatisticsGen", statistics, statistics, peak),
    ]
    contents = Contents({"train": rows - 10, "eval": 9}, {"train": "a", "eval": "b"}, {"Split-train/x.gz": "c"})
    return SideRun(rows, steps, peak, 0.0, import_seconds=7.0, imported_mib=600.0, contents=contents)


@pytest.fixture
def runs():
    return {OURS: [a_run(), a_run(ingest=2.0, statistics=3.0)], STOCK: [a_run(ingest=8.0, statistics=12.0), a_run()]}


def test_rates_are_of_all_steps_and_of_each(runs):
    rates = report.rates(runs)
    assert rates["data to statistics, ours"] == [100, 200]
    assert rates["to examples, ours"] == [250, 500]
    assert rates["statistics, stock TFX"] == [pytest.approx(1000 / 12), pytest.approx(1000 / 6)]


def test_ratios_are_made_within_a_round_and_only_the_whole_has_a_goal(runs):
    whole, *parts = report.speed_claims(runs)
    assert whole.values == [pytest.approx(2), pytest.approx(2)]
    assert (whole.goal, whole.reached) == (report.SPEED_GOAL, True)
    assert [part.goal for part in parts] == [None, None]


def test_memory_grows_by_a_ratio_and_by_bytes_a_row():
    ratio, growth = report.memory_claims(OURS, [a_run(rows=11 * 2**20, peak=1500), a_run(rows=2**20, peak=750)])
    assert ratio.values == [2.0]
    assert ratio.reached is False
    assert growth.values == [75.0]
    assert growth.goal is None


def test_stock_has_no_goal_of_memory_and_one_size_no_growth():
    assert report.memory_claims(STOCK, [a_run(rows=10), a_run(rows=100)])[0].goal is None
    assert report.memory_claims(OURS, [a_run(), a_run()]) == []


@pytest.mark.parametrize(("sets", "word"), [(True, "the same sets"), (False, "DIFFERENT sets")])
def test_what_several_processes_wrote_is_said(runs, sets, word):
    parallel = Parallel(2, a_run(ingest=1.0, statistics=1.0), Equality(sets, files=False))
    assert word in report.parallel_sentence(parallel)
    assert "DIFFERENT files" in report.parallel_sentence(parallel)
    [claim] = report.parallel_claims(parallel, runs[OURS])
    assert claim.values == [pytest.approx(500 / 150)]


def test_tables_and_sentences_hold_the_figures(runs):
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(report.memory_table({OURS: [a_run(rows=500_000, peak=1200), a_run(rows=50_000)]}))
    shown = console.export_text()
    assert shown.index("50,000") < shown.index("500,000")
    assert "ExampleGen 1100, StatisticsGen 1200" in shown
    assert "7.0 s" in report.import_sentence(runs)
    assert "600 MiB" in report.import_sentence(runs)
    used = "ours: processor seconds: ExampleGen 4.5, StatisticsGen 4.5"
    assert report.processor_sentence(OURS, runs[OURS]) == used
    assert report.rows_sentence(OURS, a_run()) == "ours: 1,000 rows gave 999 examples (train 990, eval 9)"


def test_programs_get_every_step(runs):
    told = json.loads(json.dumps(report.as_json(runs[OURS][0])))
    assert (told["rows_per_second"], told["seconds"], told["peak_mib"]) == (100, 10, 800)
    assert told["steps"][0] == {
        "name": "ExampleGen",
        "seconds": 4,
        "processor_seconds": 6,
        "peak_mib": 700,
        "rows_per_second": 250,
    }
    assert told["contents"]["records"] == {"train": "a", "eval": "b"}
