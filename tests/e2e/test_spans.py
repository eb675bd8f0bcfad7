"""Data that comes in spans: what the gate says of a span that is not like the one before."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Project, Run, write_reviews

pytestmark = pytest.mark.e2e

SETTINGS = """
pipeline: {{name: e2e, root: {root}}}
data: {{source: files, path: "{path}", label: sentiment, max_characters: 30000}}
schema: imdb
gates: {{metrics: {{auc: {{at_least: 0.7}}}}}}
"""
ROWS = 1200
DRIFT = r"label .*pos 4[5-9][.0-9]* % in span 2, 7[0-9][.0-9]* % in span 3"


@pytest.fixture(scope="module")
def spans(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Three spans: half of the reviews are positive in the first two, three quarters of them in the third."""
    folder = tmp_path_factory.mktemp("spans")
    write_reviews(folder / "reviews-1.csv", ROWS)
    write_reviews(folder / "reviews-2.csv", ROWS - 7)
    write_reviews(folder / "reviews-3.csv", ROWS, lambda number, label: "pos" if number % 2 else label)
    path = folder / "reviews-{SPAN}.csv"
    (folder / "e2e.yaml").write_text(SETTINGS.format(root=folder / "runs", path=path))
    return Project(folder)


@pytest.fixture(scope="module")
def drifted(spans: Project) -> Run:
    return spans.run()


def test_a_span_whose_label_rate_drifted_stops_the_run_in_plain_words(drifted):
    assert drifted.exit_code == 1, drifted.output
    assert drifted.summary["verdict"] == "STOPPED"
    [reason] = drifted.summary["reasons"]
    assert re.search(DRIFT, reason), reason
    assert drifted.states()["DataGate"] == "failed"
    assert drifted.states()["Trainer"] == "waiting"


def test_the_report_of_what_was_found_stays_with_the_run(spans, drifted):
    [report] = (spans.folder / "runs").rglob("report.md")
    assert str(report) in drifted.summary["reasons"][0]
    assert re.search(DRIFT, report.read_text())


def test_the_span_before_passes_when_it_is_looked_at(spans):
    command = [sys.executable, "-m", "pipeline", "data", "check", str(spans.config), "--set", "data.span=2"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=spans.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "in span 1" in done.stdout
    assert "a run would go on" in done.stdout
    assert not list(Path(spans.folder, "runs", "e2e").glob(".looking-*"))
