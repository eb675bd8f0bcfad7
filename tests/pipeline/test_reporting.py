from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from components.errors import ConfigError, DataGateError
from components.report.sections import samples
from pipeline import past_report, reporting
from pipeline.cli import main
from pipeline.local_run import run
from pipeline.steps import State, Step
from pipeline.summary import Run
from pipeline.verdict import NOT_ENDED, Outcome, Scored, Verdict, stopped
from tests.pipeline.test_local_run import config

EVALUATION = {"notes": [], "reasons": ["accuracy is too low"], "metrics": {"overall": {"accuracy": 0.5}}, "checks": []}


class FakeEngine:
    """An engine whose one step ends as it is told to."""

    record_of_the_beginning: dict[str, Any] | None = None

    def __init__(self, outcome=None, error=None):
        self._outcome: Any = outcome
        self._error = error

    def prepare(self, run_id, console):
        self._run_id = run_id
        return {"code": {"trainer": "ab"}, "outside": {"data": "cd", "span": 7}}

    def execute(self, steps, console):
        steps.append(Step("TextExampleGen", State.FAILED if self._error else State.DONE, seconds=1.5))
        if self._error:
            raise self._error
        return self._outcome


def reports(settings):
    return list((settings.pipeline.home / "reports").iterdir())


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (Outcome(Verdict.PUSHED, [], EVALUATION, version=3, samples=[Scored("fine!", {"pos": 0.9}, "pos")]), None),
        (Outcome(Verdict.UNCHANGED, [], EVALUATION, version=3), None),
        (Outcome(Verdict.NOT_BLESSED, ["accuracy is too low"], EVALUATION), None),
        (None, RuntimeError("it broke")),
        (None, KeyboardInterrupt()),
    ],
)
def test_however_a_run_ends_it_leaves_a_record_and_a_report(tmp_path, capfd, outcome, error):
    settings = config(tmp_path)
    ended = run(settings, tmp_path / "summary.json", FakeEngine(outcome, error))
    [folder] = reports(settings)
    record = json.loads((folder / "run.json").read_text())
    assert record["run_id"] == folder.name
    assert (record["verdict"], record["reasons"]) == (ended.verdict.value, ended.reasons)
    assert record["config"]["pipeline"]["name"] == "demo"
    assert record["config"]["schema"] == "imdb"
    assert (record["code"], record["outside"]) == ({"trainer": "ab"}, {"data": "cd", "span": 7})
    assert record["samples"] == [vars(scored) for scored in ended.samples]
    assert record["versions"]["tfx"]
    assert record["seconds"] >= 0
    assert record["steps"] == {"TextExampleGen": 1.5}
    numbers = json.loads((folder / "report.json").read_text())
    assert numbers["verdict"]["sentence"] == ended.sentence
    assert numbers["lineage"]["outside"] == {"data": "cd", "span": 7}
    assert numbers["durations"]["steps"]["TextExampleGen"]["seconds"] == 1.5
    assert ended.verdict.value in (folder / "report.html").read_text()
    assert f"report     {folder / 'report.html'}" in capfd.readouterr().out
    assert json.loads((tmp_path / "summary.json").read_text())["paths"]["report"] == str(folder / "report.html")


def test_what_the_data_gate_found_is_in_the_report_of_the_run_that_it_stopped(tmp_path):
    found = tmp_path / "found"
    found.mkdir()
    anomaly = {"split": "train", "feature": "label", "sentence": "unknown value"}
    (found / "anomalies.json").write_text(json.dumps({"anomalies": [anomaly]}))
    settings = config(tmp_path)
    run(settings, engine=FakeEngine(error=DataGateError("the data is not what its schema says", str(found))))
    [folder] = reports(settings)
    assert json.loads((folder / "report.json").read_text())["data"]["gate"]["anomalies"] == [anomaly]
    assert json.loads((folder / "run.json").read_text())["paths"] == {"data gate": str(found)}


def test_the_record_is_there_from_the_beginning(tmp_path):
    settings = config(tmp_path)

    class Looks(FakeEngine):
        def execute(self, steps, console):
            [folder] = reports(settings)
            self.record_of_the_beginning = json.loads((folder / "run.json").read_text())
            assert not (folder / "report.html").exists()
            return super().execute(steps, console)

    engine = Looks(Outcome(Verdict.NOT_BLESSED, ["why"], EVALUATION))
    assert run(settings, engine=engine).verdict is Verdict.NOT_BLESSED
    record = engine.record_of_the_beginning
    assert record is not None
    assert (record["verdict"], record["reasons"], record["seconds"]) == ("STOPPED", [NOT_ENDED], None)
    assert record["code"] == {"trainer": "ab"}


@pytest.mark.parametrize(
    ("what", "problem"),
    [
        ("write_record", OSError(28, "No space left on device")),
        ("write_report", OSError(28, "No space left on device")),
        ("write_report", ValueError("odd")),
        ("write_report", KeyboardInterrupt()),
    ],
)
def test_a_report_that_cannot_be_written_changes_no_verdict(tmp_path, capfd, monkeypatch, what, problem):
    def fail(*_):
        raise problem

    monkeypatch.setattr(reporting, what, fail)
    outcome = Outcome(Verdict.NOT_BLESSED, ["why"], EVALUATION)
    assert run(config(tmp_path), engine=FakeEngine(outcome)) is outcome
    said = capfd.readouterr().out
    assert "note: there is no report of this run" in said
    assert said.rstrip().endswith("NOT BLESSED because why")


@pytest.fixture
def past(tmp_path, monkeypatch):
    """A past run, whatever is looked for, and what was."""
    known = SimpleNamespace(
        home=tmp_path / "runs" / "demo",
        state="PUSHED",
        stored=object(),
        run=Run("demo", "2026-11-28T20-00-00.000000", "2026-11-28T20:00:00", [Step("Trainer", State.CACHED)]),
        outcome=Outcome(Verdict.PUSHED, [], EVALUATION, version=3),
        record={
            "config": {"samples": ["fine!"]},
            "samples": [{"text": "fine!", "scores": {"pos": 0.9}, "predicted": "pos"}],
        },
    )
    asked = []

    def find_run(root, word):
        asked.append((root, word))
        if word == "nothing":
            raise ConfigError("there is no run nothing")
        return known

    monkeypatch.setattr(past_report, "find_run", find_run)
    return known, asked


def test_the_report_of_a_past_run_is_written_anew(past, tmp_path):
    known, asked = past
    told = CliRunner().invoke(main, ["report", "--root", str(tmp_path / "runs")])
    page = known.home / "reports" / known.run.run_id / "report.html"
    assert (told.exit_code, told.output.strip()) == (0, str(page))
    assert str(asked[0][0]) == str(tmp_path / "runs")
    assert asked[0][1] is None
    assert "PUSHED version 3" in page.read_text()
    numbers = json.loads(page.with_suffix(".json").read_text())
    assert numbers["samples"]["samples"] == known.record["samples"]


def test_the_report_of_a_run_of_which_only_the_record_is_left_stays_as_it_is(past, tmp_path):
    known, _ = past
    known.stored, known.run.steps = None, []
    page = known.home / "reports" / known.run.run_id / "report.html"
    page.parent.mkdir(parents=True)
    page.write_text("all that was known")
    told = CliRunner().invoke(main, ["report"])
    assert (told.exit_code, told.output.strip()) == (0, str(page))
    assert {path.name: path.read_text() for path in page.parent.iterdir()} == {"report.html": "all that was known"}
    other = tmp_path / "other.html"
    assert CliRunner().invoke(main, ["report", "--output", str(other)]).exit_code == 0
    source = other.read_text()
    assert "Nothing is known of the step Trainer any more." in source
    assert "Nothing is known of the steps any more." in source
    assert "did not get as far" not in source
    page.unlink()
    assert CliRunner().invoke(main, ["report"]).exit_code == 0
    assert "PUSHED version 3" in page.read_text()


@pytest.mark.parametrize(("state", "told"), [("RUNNING", "it goes on"), ("INTERRUPTED", "it was killed")])
def test_a_run_that_has_not_ended_is_headed_by_its_state(past, state, told):
    known, _ = past
    known.state, known.outcome = state, stopped(NOT_ENDED)
    result = CliRunner().invoke(main, ["report"])
    assert result.exit_code == 0, result.output
    page = Path(result.output.strip())
    source = page.read_text()
    assert f"<title>demo: {state}</title>" in source
    assert f'<div class="verdict unended">\n<p class="word">{state}</p>' in source
    assert "STOPPED" not in source
    assert "because" not in source
    verdict = json.loads(page.with_suffix(".json").read_text())["verdict"]
    assert verdict["verdict"] == state
    assert verdict["sentence"].startswith(f"{state}: {told}")


def test_a_section_that_cannot_be_read_or_drawn_is_one_note_and_no_traceback(past, tmp_path, monkeypatch):
    def fail(*_):
        raise ValueError("no \x1bink")

    known, _ = past
    known.run.steps = [Step("Trainer", State.DONE, outputs={"model_run": str(tmp_path)})]
    (tmp_path / "history.json").write_text("{")
    monkeypatch.setattr(samples, "show", fail)
    told = CliRunner().invoke(main, ["report"])
    assert told.exit_code == 0, told.output
    notes = [line for line in told.output.splitlines() if not line.endswith("report.html")]
    assert len(notes) == 2, notes
    assert notes[0].startswith("note: the section training is missing from the report (JSONDecodeError: Expecting")
    assert notes[1] == r"note: the section samples is missing from the page (ValueError: no \x1bink)"


def test_a_report_goes_where_it_is_asked_for(past, tmp_path):
    told = CliRunner().invoke(main, ["report", "demo", "--output", str(tmp_path / "sent" / "demo.html")])
    assert told.exit_code == 0
    assert {path.name for path in (tmp_path / "sent").iterdir()} == {"demo.html", "demo.json"}


def test_a_run_that_is_not_there_is_refused(past):
    told = CliRunner().invoke(main, ["report", "nothing"])
    assert told.exit_code == 2
    assert "there is no run nothing" in told.output


def test_a_report_that_has_no_place_is_refused(past, tmp_path):
    (tmp_path / "file").write_text("")
    told = CliRunner().invoke(main, ["report", "--output", str(tmp_path / "file" / "demo.html")])
    assert told.exit_code == 2
    assert "cannot be written" in told.output
    assert "--output" in told.output
