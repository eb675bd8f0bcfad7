"""Both sides as they run, in processes of their own."""

from __future__ import annotations

import pytest

from benchmarks.ingesting import measure, texts
from benchmarks.ingesting.contents import compare

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return texts.write_generated(tmp_path_factory.mktemp("rows") / "rows.csv", 400)


def check(run, table, ingest):
    assert [run.steps[0].name, run.steps[-1].name] == [ingest, "StatisticsGen"]
    assert all(step.seconds > 0 and step.processor_seconds > 0 for step in run.steps)
    assert run.imported_mib < run.peak_mib < 10_000
    assert run.rate < run.ingest_rate
    assert set(run.contents.counts) == {"train", "eval", "test"}


def test_stock_keeps_every_row(table):
    run = measure.run("stock", table)
    check(run, table, "CsvExampleGen")
    assert sum(run.contents.counts.values()) == table.rows


def test_ours_drops_the_four_repeated_rows_whatever_the_number_of_processes(table):
    run = measure.run("ours", table)
    check(run, table, "TextExampleGen")
    assert sum(run.contents.counts.values()) == table.rows - 4
    assert run.children_mib == 0
    in_two = measure.run("ours", table, [measure.MULTI_PROCESSING, "--direct_num_workers=2"])
    assert compare(run.contents, in_two.contents).sets
    assert in_two.children_mib > 100
