"""The whole pipeline on real reviews and the real encoder: the runs of a module follow one another in one project."""

from __future__ import annotations

import json
import random
import re
import shutil
from pathlib import Path

import pytest

from components.model_folder import model_digest
from pipeline.config_file import load_config
from pipeline.schema_file import read_schema
from tests.e2e.conftest import Project, Run, write_reviews
from tests.fresh_process import scores_in_a_fresh_process

pytestmark = pytest.mark.e2e

STEPS = [
    "TextExampleGen", "StatisticsGen", "CuratedSchema", "ExampleValidator", "DataGate",
    "LinearBaseline", "Transform", "Trainer", "ServedModel", "Evaluator", "ServingCheck", "Pusher",
]  # fmt: skip
UP_TO_TRAINER = STEPS[: STEPS.index("Trainer") + 1]


@pytest.fixture(scope="module")
def killed(project: Project) -> list[str]:
    """A first run that is killed as soon as its data has been ingested; the lines that it had printed."""
    return project.killed(lambda line: line.startswith("StatisticsGen"))


@pytest.fixture(scope="module")
def first(project: Project, killed: list[str]) -> Run:
    return project.run()


@pytest.fixture(scope="module")
def second(project: Project, first: Run) -> Run:
    return project.run()


@pytest.fixture(scope="module")
def third(project: Project, second: Run) -> Run:
    return project.run()


def test_a_killed_run_publishes_nothing_and_the_next_goes_on_from_what_was_done(project, killed, first):
    assert any(line.startswith("TextExampleGen") for line in killed)
    summary = json.loads((project.folder / "killed.json").read_text())
    assert summary["verdict"] == "STOPPED"
    assert "has not come to its end" in summary["reasons"][0]
    states = first.states()
    assert states["TextExampleGen"] == "cached"
    assert states["StatisticsGen"] == "cached"
    assert states["Transform"] == "done"


def test_the_first_complete_run_is_pushed_with_its_metrics_beside_the_thresholds(project, first):
    assert first.exit_code == 0, first.output
    assert first.summary["verdict"] == "PUSHED"
    assert set(first.states()) == set(STEPS)
    assert project.versions() == [first.summary["version"]]
    metrics = first.summary["metrics"]["overall"]
    assert 0.65 <= metrics["accuracy"] <= 1.0
    assert 0.7 <= metrics["auc"] <= 1.0
    assert metrics["example_count"] > 150
    assert first.summary["thresholds"]["metrics"]["accuracy"]["at_least"] == 0.65
    assert first.summary["baseline_metrics"] is None
    assert all(check["passed"] for check in first.summary["serving"]["checks"])
    assert {"operators", "gRPC parity", "p99 latency", "warm-up"} < {
        c["name"] for c in first.summary["serving"]["checks"]
    }
    assert f"PUSHED version {first.summary['version']}" in first.output


def test_the_terminal_stays_quiet_and_the_log_has_everything(first):
    assert len(first.output.splitlines()) < 90
    assert "Traceback" not in first.output
    log = first.summary["paths"]["log"]
    assert log in first.output
    assert len(Path(log).read_text().splitlines()) > 500


def test_the_pushed_version_answers_in_a_fresh_process_as_the_run_said(project, first):
    texts = [sample["text"] for sample in first.summary["samples"]]
    scores = scores_in_a_fresh_process(project.served / str(first.summary["version"]), texts)[:, 0]
    assert scores == pytest.approx([sample["scores"]["pos"] for sample in first.summary["samples"]], abs=1e-5)
    amazing, terrible = scores
    assert amazing > terrible


def test_nothing_changed_is_cached_but_judged_anew_against_what_is_now_served(project, first, second):
    assert second.exit_code == 0, second.output
    assert second.summary["verdict"] == "UNCHANGED"
    states = second.states()
    assert all(states[step] == "cached" for step in UP_TO_TRAINER)
    assert states["ServedModel"] == states["Evaluator"] == states["Pusher"] == "done"
    assert states["ServingCheck"] == "cached"
    assert second.summary["baseline_version"] == str(first.summary["version"])
    assert second.summary["baseline_metrics"]["overall"] == second.summary["metrics"]["overall"]
    assert project.versions() == [first.summary["version"]]


def test_a_third_run_finds_everything_cached_but_the_look_at_the_push_folder(project, second, third):
    assert third.summary["verdict"] == "UNCHANGED"
    assert [step for step, state in third.states().items() if state != "cached"] == ["Pusher"]
    assert third.summary["version"] == second.summary["version"]


def test_a_changed_gate_runs_only_the_evaluator_again(project, third):
    changed = project.run("gates.metrics.accuracy.at_least=0.66")
    assert changed.summary["verdict"] == "UNCHANGED"
    assert [step for step, state in changed.states().items() if state != "cached"] == ["Evaluator", "Pusher"]


def test_a_gate_that_is_not_reached_is_not_blessed_and_says_by_how_much(project, third):
    refused = project.run("gates.metrics.accuracy.at_least=0.999")
    assert refused.exit_code == 3
    assert refused.summary["verdict"] == "NOT BLESSED"
    assert "< 0.999" in refused.summary["reasons"][0]
    assert project.versions() == [third.summary["version"]]


def test_a_model_that_cannot_be_served_within_its_ceilings_is_not_blessed(project, third):
    refused = project.run("serving.max_memory_mb=1", "serving.max_p50_ms=0.001")
    assert refused.exit_code == 3, refused.output
    assert refused.summary["verdict"] == "NOT BLESSED"
    assert [step for step, state in refused.states().items() if state != "cached"] == ["ServingCheck", "Pusher"]
    p50, memory = refused.summary["reasons"]
    assert re.fullmatch(r"serving check: p50 latency [\d.]+ ms is above serving.max_p50_ms 0.001", p50)
    assert re.fullmatch(r"serving check: memory [\d,]+ MB is above serving.max_memory_mb 1", memory)
    assert f"NOT BLESSED because {p50}; {memory}" in refused.output
    assert project.versions() == [third.summary["version"]]
    again = project.run("serving.max_memory_mb=1", "serving.max_p50_ms=0.001")
    assert again.exit_code == 3, again.output
    assert again.states()["ServingCheck"] == "done"


def test_a_model_of_shuffled_labels_is_not_blessed_and_the_version_before_stays(project, third):
    version = project.served / str(third.summary["version"])
    before = model_digest(version)
    coin = random.Random(1)
    shuffled = write_reviews(project.folder / "shuffled.csv", 600, lambda _, __: coin.choice(["neg", "pos"]))
    bad = project.run(f"data.path={shuffled}", "training.epochs=1")
    assert bad.exit_code == 3, bad.output
    assert bad.summary["verdict"] == "NOT BLESSED"
    assert any("accuracy" in reason for reason in bad.summary["reasons"])
    assert any("auc" in reason for reason in bad.summary["reasons"])
    assert "NOT BLESSED because" in bad.output
    assert project.versions() == [third.summary["version"]]
    assert model_digest(version) == before


def test_data_that_is_not_what_the_schema_says_stops_the_run_before_training(project, third):
    narrow = project.folder / "schema.pbtxt"
    text = read_schema(load_config("imdb"))
    narrow.write_text(re.sub(r'(name: "words".*?min: )\d+', r"\g<1>50", text, flags=re.DOTALL))
    stopped = project.run(f"schema={narrow}")
    assert stopped.exit_code == 1
    assert stopped.summary["verdict"] == "STOPPED"
    assert "words" in stopped.summary["reasons"][0]
    assert {found["feature"] for found in stopped.summary["data_gate"]["anomalies"]} == {"words"}
    assert Path(stopped.summary["paths"]["data gate"], "report.md").is_file()
    assert stopped.states()["DataGate"] == "failed"
    assert stopped.states()["Trainer"] == "waiting"
    assert "Traceback" not in stopped.output


def test_a_version_that_somebody_took_away_is_published_again(project, third):
    shutil.rmtree(project.served / str(third.summary["version"]))
    again = project.run()
    assert again.summary["verdict"] == "PUSHED"
    assert again.summary["version"] > third.summary["version"]
    assert project.versions() == [again.summary["version"]]
