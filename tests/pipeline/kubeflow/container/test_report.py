from __future__ import annotations

import json

import pytest

from pipeline import published
from pipeline.kubeflow.container import report, verdict
from pipeline.kubeflow.container.mounts import MOUNT_ROOT
from pipeline.kubeflow.extra_tasks import REPORT_INPUTS, VERDICT_INPUTS
from pipeline.verdict import Scored, Verdict
from tests.pipeline.test_summary import EVALUATION, ended_steps

PUSHED = {"status": "pushed", "version": 7, "folder": "/models/demo/7", "digest": "d"}
NOT_PUSHED = {"status": "not_blessed", "version": None, "folder": None, "digest": "d"}
RECORD = {
    "pipeline": "demo",
    "run_id": "run-1",
    "started": "2026-11-20T09:00:00+00:00",
    "config": {"training": {"epochs": 3}},
}
OUTPUTS = ("report", "numbers", "outcome")
# A graph may have no linear baseline, and no report that quotes texts.
ABSENT = {"linear", "examples"}


@pytest.fixture
def store(tmp_path, monkeypatch):
    """The folder of a bucket."""
    monkeypatch.setenv(MOUNT_ROOT, str(tmp_path))
    folder = tmp_path / "minio" / "bucket"
    folder.mkdir(parents=True)
    return folder


def artifacts(names) -> dict:
    return {name: {"artifacts": [{"name": "1", "uri": f"minio://bucket/{name}"}]} for name in names}


@pytest.fixture
def launch(store):
    """Runs the task as KFP's launcher does, over what a run's steps left in an object store."""

    def run(push: dict, *arguments: str, samples: tuple[str, ...] = ()) -> int:
        names = set(REPORT_INPUTS) - ABSENT
        for name in names:
            (store / name).mkdir()
            ended_steps(store / name, EVALUATION, push)
        parameters = {"samples": json.dumps(samples), "record": json.dumps(RECORD), "run": "run-1"}
        inputs = {"artifacts": artifacts(names), "parameterValues": parameters}
        given = {"inputs": inputs, "outputs": {"artifacts": artifacts(OUTPUTS)}}
        return report.main(["--executor-input", json.dumps(given), *arguments])

    return run


@pytest.fixture
def judge(store):
    """Runs the task Verdict over what Report left."""

    def run() -> int:
        names = set(VERDICT_INPUTS) - {"training"}
        return verdict.main(["--executor-input", json.dumps({"inputs": {"artifacts": artifacts(names)}})])

    return run


def test_a_run_whose_model_is_not_blessed_is_reported_and_only_then_failed(launch, judge, store, drawn, capsys):
    assert launch(NOT_PUSHED) == 0
    assert (store / "report").read_text().startswith("<html>NOT BLESSED because accuracy 0.7800 < 0.8500")
    assert json.loads((store / "numbers").read_text()) == {"verdict": "NOT BLESSED"}
    capsys.readouterr()
    assert judge() == 3
    told = capsys.readouterr().out
    assert "NOT BLESSED because accuracy 0.7800 < 0.8500 (overall)" in told
    assert "100 rows: 60 train" in told
    assert "p99 latency" in told
    assert "report     minio://bucket/report" in told


def test_the_report_is_given_the_run_its_steps_folders_and_its_record(launch, store, drawn):
    launch(NOT_PUSHED)
    [(run, outcome, record, _)] = drawn
    assert (run.pipeline, run.run_id, run.started) == ("demo", "run-1", RECORD["started"])
    assert outcome.verdict is Verdict.NOT_BLESSED
    assert run.output("Evaluator", "evaluation") == str(store / "evaluation")
    assert run.output("Evaluator", "blessing") == str(store / "judgement")
    assert run.output("LinearBaseline", "predictions") is None
    assert run.rows()["rows"] == 100
    assert record["config"] == RECORD["config"]
    assert record["verdict"] == "NOT BLESSED"
    assert record["seconds"] > 0
    assert {step.elapsed for step in run.steps} == {None}


def test_what_was_pushed_is_loaded_and_asked_once_and_told_by_both(launch, judge, drawn, capsys, monkeypatch):
    asked = []

    def score(folder, digest, texts):
        asked.append((folder, digest, texts))
        return [Scored("what a film", {"pos": 0.93}, "pos"), Scored(("a", "b"), {"x": 0.1, "y": 0.9}, ("y",))]

    monkeypatch.setattr(published, "score_published", score)
    assert launch(PUSHED, samples=("what a film",)) == 0
    assert drawn[0][1].samples[1].predicted == ("y",)
    capsys.readouterr()
    assert judge() == 0
    assert asked == [("/models/demo/7", "d", ["what a film"])]
    told = capsys.readouterr().out
    for words in ("PUSHED version 7", "0.9300", "served     /models/demo/7"):
        assert words in told


def test_what_was_pushed_but_cannot_be_used_is_no_success(launch, judge, drawn, capsys):
    assert launch(PUSHED) == 0
    assert drawn[0][1].verdict is Verdict.STOPPED
    assert judge() == 1
    assert "STOPPED because" in capsys.readouterr().out


def test_an_unchanged_model_is_a_success(launch, judge, drawn, capsys, monkeypatch):
    monkeypatch.setattr(published, "score_published", lambda *_: [])
    assert launch({**PUSHED, "status": "unchanged"}) == 0
    assert judge() == 0
    assert "UNCHANGED" in capsys.readouterr().out


def test_a_report_that_cannot_be_drawn_changes_no_verdict(launch, judge, store, not_drawn, capsys):
    assert launch(NOT_PUSHED) == 0
    assert "ValueError: no font" in capsys.readouterr().err
    assert not (store / "report").exists()
    assert judge() == 3


def test_the_report_is_kept_on_the_volume_too(launch, judge, store, tmp_path, drawn, capsys):
    kept = tmp_path / "reports"
    assert launch(NOT_PUSHED, f"--reports={kept}") == 0
    page = kept / "demo" / "run-1" / "report.html"
    assert page.read_text() == (store / "report").read_text()
    assert json.loads((page.parent / "run.json").read_text())["verdict"] == "NOT BLESSED"
    judge()
    assert f"report     {page}" in capsys.readouterr().out
