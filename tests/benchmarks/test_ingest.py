from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner

from benchmarks import ingest
from benchmarks.ingesting import measure
from benchmarks.ingesting.contents import Contents
from benchmarks.ingesting.measure import MULTI_PROCESSING, SideRun, StepRun


@pytest.fixture
def data(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("text,label\n" + "".join(f"text {index},{'ab'[index % 2]}\n" for index in range(200)))
    return file


class Runs:
    """Every run that was asked for; none takes place. Those of several processes write what `records` says."""

    def __init__(self):
        self.calls = []
        self.records = {"train": "same"}

    def __call__(self, side, table, beam_arguments=()):
        assert [table.file] == list(table.file.parent.iterdir())
        self.calls.append((side, table.rows, table.source, tuple(beam_arguments)))
        records = self.records if beam_arguments else {"train": "same"}
        seconds = {"ours": 1.0, "stock": 2.0}[side]
        steps = [StepRun("ExampleGen", seconds, 2.0, 300.0), StepRun("StatisticsGen", seconds, 3.0, 300.0 + table.rows)]
        contents = Contents({"train": table.rows}, records, {"file": "same"})
        return SideRun(table.rows, steps, 300.0 + table.rows, 0.0, 5.0, 250.0, contents)


@pytest.fixture
def ran(monkeypatch):
    runs = Runs()
    monkeypatch.setattr(measure, "run", runs)
    return runs


def invoke(*arguments):
    return CliRunner().invoke(ingest.main, [str(argument) for argument in arguments])


def test_one_command_measures_speed_several_processes_and_memory(ran, data, tmp_path):
    arguments = ("--data", data, "--rows", 100, "--rounds", 2, "--memory-rows", "100,400")
    result = invoke(*arguments, "--json", tmp_path / "figures.json")
    assert result.exit_code == 0, result.output
    speed = [(side, 100, "data.csv", ()) for side in ("stock", "ours", "ours", "stock")]
    parallel = ("ours", 100, "data.csv", (MULTI_PROCESSING, "--direct_num_workers=2"))
    memory = [(side, rows, "generated text", ()) for rows in (100, 400) for side in ("ours", "stock")]
    assert ran.calls == [*speed, parallel, *memory]
    assert "2 processes write the same sets of examples as one, in the same files" in result.output
    figures = json.loads((tmp_path / "figures.json").read_text())
    claims = {claim["name"]: claim for claim in figures["claims"]}
    assert claims["data to statistics: ours / stock"]["median"] == 2
    assert claims["peak memory, ours, 400 / 100 rows"]["median"] == 1.75
    assert claims["peak memory, ours, 400 / 100 rows"]["reached"] is False
    assert claims["… bytes a row that it grows by, stock TFX"]["median"] == 2**20
    assert [run["rows"] for run in figures["memory"]["ours"]] == [100, 400]
    assert len(figures["speed"]["stock TFX"]) == 2
    assert figures["parallel"]["equality"] == {"sets": True, "files": True}
    assert figures["settings"]["memory_rows"] == [100, 400]


def test_memory_and_several_processes_can_be_left_out(ran, data):
    result = invoke("--data", data, "--rounds", 1, "--memory-rows", "", "--workers", 0)
    assert result.exit_code == 0, result.output
    assert [call[0] for call in ran.calls] == ["stock", "ours"]
    assert "peak" not in result.output.replace("which peaks do", "")


def test_other_examples_of_several_processes_are_a_failure(ran, data):
    ran.records = {"train": "other"}
    result = invoke("--data", data, "--rounds", 1, "--memory-rows", "")
    assert result.exit_code == 1
    assert "2 processes write DIFFERENT sets" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--memory-rows", "many"], "give numbers of rows"),
        (["--memory-rows", "0,5"], "above 0"),
        (["--data", "nowhere.csv"], "does not exist"),
    ],
)
def test_what_cannot_be_measured_is_refused(ran, arguments, message):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert ran.calls == []


@pytest.mark.parametrize(("path", "message"), [("nowhere/figures.json", "there is no folder"), ("", "is a directory")])
def test_a_file_that_could_not_be_written_is_refused_before_anything_is_measured(ran, data, tmp_path, path, message):
    result = invoke("--data", data, "--memory-rows", "", "--json", tmp_path / path)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert ran.calls == []


def test_a_folder_that_cannot_be_written_is_refused(ran, data, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)  # to root, any can
    result = invoke("--data", data, "--memory-rows", "", "--json", tmp_path / "figures.json")
    assert result.exit_code == 2
    assert "cannot be written" in " ".join(result.output.split())
    assert ran.calls == []


def test_too_few_rows_are_told_in_a_sentence(ran, data):
    result = invoke("--data", data, "--rows", 1000)
    assert result.exit_code == 1
    assert "ask for fewer" in result.output
    assert ran.calls == []
