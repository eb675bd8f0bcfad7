from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from components.errors import ConfigError
from pipeline.steps import State, Step
from pipeline.summary import Run, account_of, print_outcome, summarise, write_summary
from pipeline.verdict import Outcome, Scored, Verdict, read_outcome, stopped


def check(metric: str, kind: str, value: float | None, limit: float, **compared: float | list[float]) -> dict:
    return {
        "slice": "overall", "metric": metric, "kind": kind, "value": value, "limit": limit, "passed": False,
        "baseline": None, "drop": None, **compared,
    }  # fmt: skip


EVALUATION = {
    "blessed": False,
    "reasons": ["accuracy 0.7800 < 0.8500 (overall)"],
    "metrics": {"overall": {"accuracy": 0.78}},
    "baseline_metrics": None,
    "baseline_version": None,
    "notes": ["nothing is served yet, so max_drop of accuracy was not applied"],
    "thresholds": {"metrics": {"accuracy": {"at_least": 0.85}}},
    "checks": [
        check("accuracy", "at_least", 0.78, 0.85),
        check("auc", "at_least", None, 0.9),
        check("auc", "max_drop", 0.91, 0.02, baseline=0.95, drop=0.04),
    ],
}
SERVING = {
    "blessed": False,
    "reasons": ["serving check: p99 latency 812 ms is above serving.max_p99_ms 500"],
    "release": "2.16",
    "server": "tensorflow_model_server",
    "checks": [
        {"name": "operators", "value": 0, "limit": 0, "unit": "missing", "passed": True, "sentence": "it has all"},
        {"name": "loading", "value": "available", "limit": "available", "unit": "", "passed": True, "sentence": "yes"},
        {"name": "gRPC parity", "value": 7.45e-7, "limit": 1e-4, "unit": "", "passed": True, "sentence": "near"},
        {"name": "p99 latency", "value": 812.3, "limit": 500.0, "unit": "ms", "passed": False, "sentence": "slow"},
        {"name": "memory", "value": None, "limit": "", "unit": "", "passed": False, "sentence": "it ended"},
    ],
}
BLESSED = {"blessed": True, "reasons": []}
ROWS = {
    "rows": 100,
    "examples": {"train": 60, "eval": 20, "test": 10},
    "quarantined": {"unknown label": 3},
    "duplicates": {"within_split": 5},
    "repeated": {},
    "unlabelled": 0,
    "not_sampled": 2,
}

GATE = {"comparisons": [{"kind": "drift", "feature": "label", "sentence": "pos 50 % in span 6, 51 % in span 7"}]}


def ended_steps(tmp_path, evaluation, push, serving=SERVING) -> list[Step]:
    left = {
        "verdict.json": evaluation,
        "report.json": serving,
        "push.json": push,
        "summary.json": ROWS,
        "anomalies.json": GATE,
    }
    for name, content in left.items():
        (tmp_path / name).write_text(json.dumps(content))
    return [
        Step("TextExampleGen", State.CACHED, outputs={"quarantine": str(tmp_path)}),
        Step("DataGate", State.DONE, outputs={"blessing": str(tmp_path)}),
        Step("Evaluator", State.DONE, seconds=12.34, outputs={"blessing": str(tmp_path)}),
        Step("ServingCheck", State.DONE, seconds=9.87, outputs={"blessing": str(tmp_path)}),
        Step("Pusher", State.DONE, seconds=0.5, outputs={"pushed_model": str(tmp_path)}),
    ]


def a_run(steps: list[Step]) -> Run:
    return Run("mine", "run-1", "2026-11-20T09:00:00+00:00", steps, {"log": "/l"})


@pytest.mark.parametrize(
    ("status", "verdict", "exit_code"),
    [("pushed", Verdict.PUSHED, 0), ("unchanged", Verdict.UNCHANGED, 0), ("not_blessed", Verdict.NOT_BLESSED, 3)],
)
def test_the_outcome_is_what_evaluator_and_pusher_left(tmp_path, status, verdict, exit_code):
    push = {"status": status, "version": 7, "folder": "/srv/7", "digest": "d"}
    outcome = read_outcome(ended_steps(tmp_path, EVALUATION, push))
    assert outcome.verdict is verdict
    assert outcome.verdict.exit_code == exit_code
    both = [*EVALUATION["reasons"], *SERVING["reasons"]]
    assert outcome.reasons == (both if verdict is Verdict.NOT_BLESSED else [])
    assert outcome.version == (None if verdict is Verdict.NOT_BLESSED else 7)


def test_a_serving_check_alone_can_be_the_reason(tmp_path):
    outcome = read_outcome(ended_steps(tmp_path, EVALUATION | BLESSED, {"status": "not_blessed"}))
    assert outcome.sentence == ("NOT BLESSED because serving check: p99 latency 812 ms is above serving.max_p99_ms 500")


def test_each_verdict_has_its_sentence():
    assert Outcome(Verdict.PUSHED, [], version=7).sentence == "PUSHED version 7"
    assert "version 7; nothing was pushed" in Outcome(Verdict.UNCHANGED, [], version=7).sentence
    assert Outcome(Verdict.NOT_BLESSED, ["a < b", "c < d"]).sentence == "NOT BLESSED because a < b; c < d"
    assert stopped("the disk is full").sentence == "STOPPED because the disk is full"
    assert stopped("x").verdict.exit_code == 1


def test_a_run_without_verdicts_has_no_outcome():
    with pytest.raises(LookupError, match="have not all ended"):
        read_outcome([Step("Evaluator", State.FAILED)])


def test_a_run_without_a_serving_check_has_no_outcome(tmp_path):
    steps = ended_steps(tmp_path, EVALUATION, {"status": "pushed", "version": 7, "folder": "/srv/7", "digest": "d"})
    with pytest.raises(LookupError, match="have not all ended"):
        read_outcome([step for step in steps if step.name != "ServingCheck"])


def test_what_a_stopped_run_had_found_out_is_not_lost(tmp_path):
    steps = ended_steps(tmp_path, EVALUATION, {"status": "pushed", "version": 7, "folder": "/srv/7", "digest": "d"})
    assert stopped("the disk is full", steps[:3]).evaluation == EVALUATION
    assert stopped("the disk is full", steps[:3]).serving is None
    assert stopped("the disk is full", steps[:4]).serving == SERVING
    interrupted = stopped("it was interrupted", steps)
    assert interrupted.verdict is Verdict.STOPPED
    assert interrupted.sentence == "STOPPED because it was interrupted; version 7 had been published before"


def test_the_summary_is_written_whole_with_everything_a_program_asks_for(tmp_path):
    push = {"status": "not_blessed", "version": None, "folder": None, "digest": None}
    steps = ended_steps(tmp_path, EVALUATION, push)
    path = tmp_path / "out" / "summary.json"
    write_summary(summarise(a_run(steps), read_outcome(steps), 61.26), path)
    summary = json.loads(path.read_text())
    assert summary["pipeline"] == "mine"
    assert summary["run_id"] == "run-1"
    assert summary["verdict"] == "NOT BLESSED"
    assert summary["reasons"] == [*EVALUATION["reasons"], *SERVING["reasons"]]
    assert summary["serving"] == {key: SERVING[key] for key in ("release", "server", "checks")}
    assert summary["notes"] == EVALUATION["notes"]
    assert summary["data"] == ROWS
    assert summary["metrics"]["overall"]["accuracy"] == 0.78
    assert summary["thresholds"] == EVALUATION["thresholds"]
    assert summary["steps"]["Evaluator"] == {"state": "done", "seconds": 12.3}
    assert summary["seconds"] == 61.3
    assert summary["paths"] == {"log": "/l"}
    assert [file.name for file in path.parent.iterdir()] == ["summary.json"]


def test_a_stopped_runs_summary_has_no_metrics_but_its_reason():
    summary = summarise(a_run([Step("TextExampleGen", State.FAILED)]), stopped("no data"), 1.0)
    assert summary["metrics"] is None
    assert summary["data"] is None
    assert summary["checks"] == []
    assert summary["serving"] is None
    assert summary["reasons"] == ["no data"]
    assert summary["steps"]["TextExampleGen"]["state"] == "failed"


def test_the_account_names_what_there_is():
    many = {
        "duplicates": {"across_splits": 123, "within_split": 98},
        "repeated": {"within_split": 201},
        "unlabelled": 7,
        "not_sampled": 0,
        "quarantined": {},
    }
    assert account_of(ROWS | many) == (
        "100 rows: 60 train, 20 eval, 10 test; 7 never labelled, 221 duplicates dropped (123 of the official test "
        "split, 98 within a split), 201 repeated texts kept, 0 in quarantine"
    )


def test_a_summary_that_cannot_be_written_is_refused_by_name(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"--summary .*summary\.json cannot be written"):
        write_summary({}, tmp_path / "file" / "summary.json")


def test_an_empty_name_for_the_summary_is_refused():
    with pytest.raises(ConfigError, match="--summary names no file"):
        write_summary({}, Path())


def test_what_is_printed_shows_values_beside_limits_and_the_verdict_last(tmp_path):
    out = io.StringIO()
    steps = ended_steps(tmp_path, EVALUATION, {"status": "not_blessed"})
    outcome = Outcome(
        Verdict.NOT_BLESSED,
        EVALUATION["reasons"],
        EVALUATION,
        SERVING,
        samples=[Scored("a [bold]text[/]", {"pos": 0.98765}, "[/]")],
    )
    print_outcome(Console(file=out, width=100, markup=False), a_run(steps), outcome)
    printed = out.getvalue()
    assert (
        "100 rows: 60 train, 20 eval, 10 test; 2 not sampled, 5 duplicates dropped, 3 in quarantine (3 unknown label)"
        in printed
    )
    assert "drift of label: pos 50 % in span 6, 51 % in span 7" in printed
    rows = [line.split() for line in printed.splitlines()]
    assert ["overall", "accuracy", "0.7800", "≥", "0.8500", "FAILED"] in rows
    assert ["overall", "auc", "none", "≥", "0.9000", "FAILED"] in rows
    assert ["overall", "auc", "0.9100", "≥", "served", "0.9500", "-", "0.0200", "FAILED"] in rows
    assert "serving check (tensorflow_model_server)" in printed
    assert ["operators", "0", "missing", "0", "passed"] in rows
    assert ["loading", "available", "available", "passed"] in rows
    assert ["gRPC", "parity", "7.45e-07", "0.0001", "passed"] in rows
    assert ["p99", "latency", "812", "ms", "500", "FAILED"] in rows
    assert ["memory", "none", "FAILED"] in rows
    assert ["a", "[bold]text[/]", "0.9877", "[/]"] in rows  # texts and labels are never read as markup
    assert "note: nothing is served yet" in printed
    assert printed.strip().splitlines()[-1] == "NOT BLESSED because accuracy 0.7800 < 0.8500 (overall)"


def test_nothing_that_comes_from_data_is_obeyed_by_the_terminal(tmp_path):
    hostile = "\x1b[2Jname\r"
    told = {
        "reasons": [hostile],
        "notes": [hostile],
        "checks": [check(hostile, "at_least", 0.5, 0.6) | {"slice": hostile}],
    }
    asked = {"name": hostile, "value": hostile, "limit": hostile, "unit": "", "passed": False, "sentence": hostile}
    serving = SERVING | {"server": hostile, "checks": [asked]}
    push = {"status": "not_blessed"}
    steps = ended_steps(tmp_path, EVALUATION | told, push, serving)
    (tmp_path / "summary.json").write_text(json.dumps(ROWS | {"quarantined": {hostile: 3}}))
    (tmp_path / "anomalies.json").write_text(
        json.dumps({"comparisons": [{**GATE["comparisons"][0], "sentence": hostile}]})
    )
    samples = [Scored(hostile, {hostile: 0.5, "b": 0.4}, hostile), Scored(("a", hostile), {"a": 0.5}, (hostile,))]
    out = io.StringIO()
    outcome = Outcome(Verdict.NOT_BLESSED, [hostile], EVALUATION | told, serving, samples=samples)
    print_outcome(Console(file=out, width=200, markup=False), a_run(steps), outcome)
    assert not set("\x1b\r") & set(out.getvalue())
    assert out.getvalue().count("\\x1b[2Jname\\r") == 15


def test_of_several_labels_the_highest_scores_are_shown_and_of_a_pair_both_texts(tmp_path):
    out = io.StringIO()
    scores = {"toxic": 0.25, "threat": 0.75, "insult": 0.5, "obscene": 0.125}
    samples = [
        Scored(("first text", "second text"), scores, ("threat", "insult")),
        Scored("nothing holds", dict.fromkeys(scores, 0.1), ()),
    ]
    steps = ended_steps(tmp_path, EVALUATION, {"status": "not_blessed"})
    outcome = Outcome(Verdict.NOT_BLESSED, [], EVALUATION, SERVING, samples=samples)
    print_outcome(Console(file=out, width=140, markup=False), a_run(steps), outcome)
    rows = [line.rstrip() for line in out.getvalue().splitlines()]
    [first] = [row for row in rows if row.strip().startswith("first text")]
    assert "threat 0.7500, insult 0.5000, toxic 0.2500" in first
    assert first.endswith("threat, insult")
    assert any(row.strip() == "second text" for row in rows)
    assert any(row.strip().startswith("nothing holds") and row.endswith("(none)") for row in rows)
    assert summarise(a_run(steps), outcome, 1.0)["samples"][0]["predicted"] == ("threat", "insult")


def printed(tmp_path, evaluation) -> str:
    push = {"status": "pushed", "version": 7, "folder": "/srv/7", "digest": "d"}
    steps = ended_steps(tmp_path, evaluation, push)
    console = Console(file=io.StringIO(), width=200)
    print_outcome(console, a_run(steps), read_outcome(steps))
    return console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]


def test_intervals_stand_beside_values_and_those_of_differences_with_a_sign(tmp_path):
    checks = [
        check("accuracy", "at_least", 0.91, 0.85, interval=[0.9, 0.92]),
        check("auc", "above_linear", 0.91, 0.01, baseline=0.9, drop=-0.01, interval=[-0.002, 0.022]),
        check("ece", "at_most", 0.02, 0.05),
    ]
    rows = [line.split() for line in printed(tmp_path, EVALUATION | BLESSED | {"checks": checks}).splitlines()]
    assert ["overall", "accuracy", "0.9100", "0.9000", "to", "0.9200", "≥", "0.8500", "FAILED"] in rows
    auc = ["overall", "auc", "0.9100", "-0.0020", "to", "+0.0220", "≥", "linear", "0.9000", "+", "0.0100"]
    assert [*auc, "FAILED"] in rows
    assert ["overall", "ece", "0.0200", "≤", "0.0500", "FAILED"] in rows


def test_a_forced_blessing_is_told_with_what_it_passed_over(tmp_path):
    forced = {"blessed": True, "forced": "agreed with the owners of ticket 42"}
    output = printed(tmp_path, EVALUATION | forced)
    assert "note: blessed by force: agreed with the owners of ticket 42" in output
    assert "note: missed all the same: accuracy 0.7800 < 0.8500 (overall)" in output


def test_what_was_forced_is_no_reason_where_the_serving_check_refuses(tmp_path):
    forced = EVALUATION | {"blessed": True, "forced": "agreed with the owners of ticket 42"}
    outcome = read_outcome(ended_steps(tmp_path, forced, {"status": "not_blessed"}))
    assert outcome.reasons == SERVING["reasons"]
