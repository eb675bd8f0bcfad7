from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from pipeline.steps import State, Step
from pipeline.summary import print_outcome, summarise, write_summary
from pipeline.verdict import Outcome, Scored, Verdict, read_outcome, stopped

EVALUATION = {
    "blessed": False,
    "reasons": ["accuracy 0.7800 < 0.8500 (overall)"],
    "metrics": {"overall": {"accuracy": 0.78}},
    "baseline_metrics": None,
    "baseline_version": None,
    "thresholds": {"metrics": {"accuracy": {"at_least": 0.85}}},
    "checks": [
        {"slice": "overall", "metric": "accuracy", "kind": "at_least", "value": 0.78, "limit": 0.85, "passed": False},
        {"slice": "overall", "metric": "auc", "kind": "at_least", "value": None, "limit": 0.9, "passed": False},
    ],
}


def ended_steps(tmp_path, evaluation, push) -> list[Step]:
    for name, content in (("verdict.json", evaluation), ("push.json", push)):
        (tmp_path / name).write_text(json.dumps(content))
    return [
        Step("Evaluator", State.DONE, seconds=12.34, outputs={"blessing": str(tmp_path)}),
        Step("Pusher", State.DONE, seconds=0.5, outputs={"pushed_model": str(tmp_path)}),
    ]


@pytest.mark.parametrize(
    ("status", "verdict", "exit_code"),
    [("pushed", Verdict.PUSHED, 0), ("unchanged", Verdict.UNCHANGED, 0), ("not_blessed", Verdict.NOT_BLESSED, 3)],
)
def test_the_outcome_is_what_evaluator_and_pusher_left(tmp_path, status, verdict, exit_code):
    push = {"status": status, "version": 7, "folder": "/srv/7", "digest": "d"}
    outcome = read_outcome(ended_steps(tmp_path, EVALUATION, push))
    assert outcome.verdict is verdict
    assert outcome.verdict.exit_code == exit_code
    assert outcome.reasons == (EVALUATION["reasons"] if verdict is Verdict.NOT_BLESSED else [])
    assert outcome.version == (None if verdict is Verdict.NOT_BLESSED else 7)


def test_each_verdict_has_its_sentence():
    assert Outcome(Verdict.PUSHED, [], version=7).sentence == "PUSHED version 7"
    assert "version 7; nothing was pushed" in Outcome(Verdict.UNCHANGED, [], version=7).sentence
    assert Outcome(Verdict.NOT_BLESSED, ["a < b", "c < d"]).sentence == "NOT BLESSED because a < b; c < d"
    assert stopped("the disk is full").sentence == "STOPPED because the disk is full"
    assert stopped("x").verdict.exit_code == 1


def test_the_summary_is_written_whole_with_everything_a_program_asks_for(tmp_path):
    push = {"status": "not_blessed", "version": None, "folder": None, "digest": None}
    steps = ended_steps(tmp_path, EVALUATION, push)
    path = tmp_path / "out" / "summary.json"
    write_summary(summarise(read_outcome(steps), steps, {"log": "/l"}, 61.26), path)
    summary = json.loads(path.read_text())
    assert summary["verdict"] == "NOT BLESSED"
    assert summary["reasons"] == EVALUATION["reasons"]
    assert summary["metrics"]["overall"]["accuracy"] == 0.78
    assert summary["thresholds"] == EVALUATION["thresholds"]
    assert summary["steps"]["Evaluator"] == {"state": "done", "seconds": 12.3}
    assert summary["seconds"] == 61.3
    assert summary["paths"] == {"log": "/l"}
    assert [file.name for file in path.parent.iterdir()] == ["summary.json"]


def test_a_stopped_runs_summary_has_no_metrics_but_its_reason(tmp_path):
    summary = summarise(stopped("no data"), [Step("TextExampleGen", State.FAILED)], {}, 1.0)
    assert summary["metrics"] is None
    assert summary["checks"] == []
    assert summary["reasons"] == ["no data"]
    assert summary["steps"]["TextExampleGen"]["state"] == "failed"


def test_what_is_printed_shows_values_beside_limits_and_the_verdict_last():
    out = io.StringIO()
    outcome = Outcome(
        Verdict.NOT_BLESSED, EVALUATION["reasons"], EVALUATION, samples=[Scored("a [bold]text[/]", 0.98765, "pos")]
    )
    print_outcome(Console(file=out, width=100), outcome, {"log": "/some/log"})
    printed = out.getvalue()
    assert "0.7800" in printed
    assert "0.8500" in printed
    assert "none" in printed  # the missing metric
    assert "FAILED" in printed
    assert "a [bold]text[/]" in printed  # texts are never read as markup
    assert printed.strip().splitlines()[-1] == "NOT BLESSED because accuracy 0.7800 < 0.8500 (overall)"
