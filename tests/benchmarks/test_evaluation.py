from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from benchmarks import evaluation, models
from benchmarks.evaluating import measure
from benchmarks.evaluating.measure import DRAWN_ROWS, Drawing, Peak, Scoring, SideRun, Took
from benchmarks.evaluating.names import LONG, PLAIN, SHORT, STEP


class Runs:
    """Everything that was asked for; nothing is measured: the step takes 1 s and 2 ms a row, its peer 1 ms."""

    def __init__(self):
        self.calls = []

    def make_model(self, folder, *, trivial):
        self.calls.append(("model", trivial))
        return folder / "model"

    def scoring(self, workload, rows, model, count, folder, tell):
        self.calls.append((workload, rows, model.name, count))
        runs = {STEP: [self._run(rows, 1.0, 0.002)] * count, PLAIN: [self._run(rows, 0.0, 0.001)] * count}
        return Scoring(workload, "IMDB", rows, 230.0, 2e-8, runs)

    def drawing(self, labels, draws, folder):
        self.calls.append(("draws", labels, draws))
        return Drawing(DRAWN_ROWS, labels, 8, draws, seconds=draws * 0.01)

    def memory(self, rows, model, folder):
        self.calls.append(("memory", rows))
        return Peak(rows, 900.0 + rows / 100, 700.0)

    def _run(self, rows, once, each):
        return SideRun(*(Took(once + each * count, 2 * (once + each * count), 3.0) for count in (rows, measure.FEW)))


@pytest.fixture
def ran(monkeypatch, tmp_path):
    runs = Runs()
    for name in ("make_model", "scoring", "drawing", "memory"):
        monkeypatch.setattr(measure, name, getattr(runs, name))
    monkeypatch.setattr(models, "DEMO", tmp_path / "no-demo")
    return runs


def invoke(*arguments):
    return CliRunner().invoke(evaluation.main, [str(argument) for argument in arguments])


def test_one_command_measures_scoring_the_bootstrap_and_memory(ran, tmp_path):
    arguments = ("--rows", 1000, "--rounds", 2, "--draws", 500, "--memory-rows", "1000,10000")
    result = invoke(*arguments, "--json", tmp_path / "figures.json")
    assert result.exit_code == 0, result.output
    scored = [(workload, 1000, "model", 2) for workload in (LONG, SHORT)]
    drawn, held = [("draws", 1, 500), ("draws", 6, 500)], [("memory", 1000), ("memory", 10000)]
    assert ran.calls == [("model", False), *scored, *drawn, ("model", True), *held]
    figures = json.loads((tmp_path / "figures.json").read_text())
    claims = {claim["name"]: claim for claim in figures["claims"]}
    ratio = claims["long reviews: step / plain, 1,000 rows"]
    assert (ratio["median"], ratio["goal"], ratio["reached"]) == (3.0, 1.15, False)
    assert claims["1,000 draws of 25,000 rows, 6 labels, 8 slices"]["median"] == 10.0
    assert claims["peak memory, 10,000 / 1,000 rows"]["median"] == pytest.approx(1000 / 910)
    assert figures["model"] == "MiniLM, not trained"
    assert [peak["rows"] for peak in figures["memory"]] == [1000, 10000]
    assert len(figures["scoring"][0]["rows_per_second"][STEP]) == 2


def test_every_part_can_be_left_out(ran):
    result = invoke("--rounds", 0, "--draws", 0, "--memory-rows", "")
    assert result.exit_code == 0, result.output
    assert ran.calls == []


def test_a_given_model_is_measured(ran, tmp_path):
    (tmp_path / "7" / "variables").mkdir(parents=True)
    for name in ("saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"):
        (tmp_path / "7" / name).write_bytes(b"bytes")
    result = invoke("--model", tmp_path, "--rounds", 1, "--draws", 0, "--memory-rows", "")
    assert result.exit_code == 0, result.output
    assert ran.calls == [(LONG, 1000, "7", 1), (SHORT, 4000, "7", 1)]


def test_a_folder_without_a_model_is_refused(ran, tmp_path):
    result = invoke("--model", tmp_path)
    assert result.exit_code == 1
    assert "no complete SavedModel" in result.output
    assert ran.calls == []
