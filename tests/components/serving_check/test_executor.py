"""The step with a real server process: the development server, whatever else is installed."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from tfx.components.infra_validator import executor as tfx_executor
from tfx.components.pusher import executor as tfx_pusher
from tfx.types import standard_artifacts

from components.serving_check import blessing, executor
from components.serving_check.check import ServingCheckError
from components.serving_check.executor import Executor
from components.serving_check.requests import HOSTILE, hostile
from serving import launch
from tests.components.pusher.tiny_model import LengthModel, PairModel
from tests.components.serving_check.candidates import TrimmingModel, write_candidate, write_examples

SECRET = b"my name is Rumpelstiltskin"
SETTINGS = {
    "release": "2.16", "examples": 40, "max_p50_ms": 10_000, "max_p99_ms": 10_000, "max_memory_mb": 100_000,
    "max_score_difference": 1e-6,
}  # fmt: skip


@pytest.fixture
def development_server(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def run(tmp_path, development_server):
    """Runs the step; its blessing, and the report with the checks by their names."""
    examples = write_examples(tmp_path / "examples", [b"x" * (number % 12) for number in range(60)] + [SECRET])

    def step(candidate, examples=examples, **settings) -> tuple[standard_artifacts.InfraBlessing, dict[str, Any]]:
        blessing = standard_artifacts.InfraBlessing()
        blessing.uri = str(tmp_path / "blessing")
        Executor().Do(
            {"model": [candidate], "examples": [examples]},
            {"blessing": [blessing]},
            {"settings": json.dumps(SETTINGS | settings), "code": "c"},
        )
        report = json.loads((tmp_path / "blessing" / "report.json").read_text())
        return blessing, report | {"checks": {check["name"]: check for check in report["checks"]}}

    return step


def may_be_pushed(blessing) -> bool:
    """What TFX's Pusher makes of it."""
    return tfx_pusher.Executor().CheckBlessing({"infra_blessing": [blessing]})


def test_the_marks_are_tfxs():
    assert blessing.BLESSED == tfx_executor._BLESSED_KEY
    assert blessing.BLESSED_FILE == tfx_executor._BLESSED_FILENAME
    assert blessing.NOT_BLESSED_FILE == tfx_executor._NOT_BLESSED_FILENAME


def test_a_sound_model_is_blessed_by_every_check(run, tmp_path):
    blessing, report = run(write_candidate(tmp_path / "model", LengthModel()))
    assert report["blessed"], report["reasons"]
    assert report["reasons"] == []
    assert report["release"] == "2.16"
    assert report["server"] == "bertline's development server"
    assert {"operators", "loading", "gRPC parity", "warm-up", *HOSTILE} < set(report["checks"])
    assert report["checks"]["memory"]["value"] > 100
    assert may_be_pushed(blessing)
    assert {path.name for path in Path(blessing.uri).iterdir()} == {"INFRA_BLESSED", "report.json"}


def test_a_sound_model_of_pairs_and_several_labels_is_asked_in_both_places(run, tmp_path):
    texts = [b"x" * (number % 12) for number in range(30)]
    examples = write_examples(tmp_path / "pairs", texts, [text + b"y" for text in reversed(texts)])
    _, report = run(write_candidate(tmp_path / "model", PairModel()), examples)
    assert report["blessed"], report["reasons"]
    assert set(hostile(pair=True)) < set(report["checks"])


def test_a_model_of_texts_for_data_of_pairs_is_refused(run, tmp_path):
    examples = write_examples(tmp_path / "pairs", [b"a", b"b"], [b"c", b"d"])
    _, report = run(write_candidate(tmp_path / "model", LengthModel()), examples)
    assert not report["blessed"]
    assert any("the model itself fails on texts of the test split" in reason for reason in report["reasons"])
    assert "Rumpelstiltskin" not in json.dumps(report)


def test_a_model_that_users_server_cannot_run_is_stopped_with_every_reason(run, tmp_path):
    blessing, report = run(write_candidate(tmp_path / "model", TrimmingModel(), warm_up=False), max_memory_mb=10)
    assert not may_be_pushed(blessing)
    assert {path.name for path in Path(blessing.uri).iterdir()} == {"INFRA_NOT_BLESSED", "report.json"}
    found = {name for name, check in report["checks"].items() if not check["passed"]}
    # Its own failure on an empty text takes the parity with it: one of the examples is empty.
    assert {"operators", "warm-up requests", "empty text", "memory"} <= found
    assert found.isdisjoint({"loading", "10,000 words", "1 MB of text"})
    reasons = "\n".join(report["reasons"])
    assert "serving check: TensorFlow Serving 2.16 does not have the operator TFText>RoundRobinTrim" in reasons
    assert "serving check: the model brings no warm-up requests" in reasons
    assert "is above serving.max_memory_mb 10" in reasons


def test_a_model_that_the_server_cannot_load_is_a_failed_check_with_its_last_words(run, tmp_path):
    candidate = write_candidate(tmp_path / "model", LengthModel())
    for shard in Path(candidate.uri).rglob("variables.data-*"):
        shard.unlink()
    blessing, report = run(candidate)
    assert not may_be_pushed(blessing)
    assert not report["checks"]["loading"]["passed"]
    assert report["checks"]["operators"]["passed"]
    assert not any(report["checks"][name]["passed"] for name in ("gRPC parity", "p99 latency", "memory", "warm-up"))
    assert len(report["reasons"]) == 2
    assert "the server's log says more" in report["reasons"][0]
    assert "variables" in report["reasons"][0]


def test_a_server_that_cannot_start_is_no_verdict_and_told_in_its_own_words(run, tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "DEVELOPMENT_SERVER", (sys.executable, "-c", "raise SystemExit('no licence')"))
    with pytest.raises(ServingCheckError, match=r"(?s)that may be the model's fault: .*exit code 1.*no licence"):
        run(write_candidate(tmp_path / "model", LengthModel()))
    assert not (tmp_path / "blessing").exists()


def test_a_machine_without_a_free_port_is_an_error_and_no_verdict(run, tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "is_free", lambda port, host: False)
    with pytest.raises(ServingCheckError, match=r"no server can be started: port \d+ .* run again"):
        run(write_candidate(tmp_path / "model", LengthModel()))
    assert not (tmp_path / "blessing").exists()


def test_a_port_that_somebody_got_first_is_no_verdict_on_the_model(run, tmp_path, monkeypatch):
    started = []

    @contextlib.contextmanager
    def start(settings, log, timeout):
        started.append((settings.port, settings.rest_port))
        if len(started) < 3:
            raise launch.PortTakenError("port taken")
        raise launch.ModelNotLoadedError("the third one starts")
        yield

    monkeypatch.setattr(launch, "start", start)
    _, report = run(write_candidate(tmp_path / "model", LengthModel()))
    assert report["checks"]["loading"]["sentence"] == "the third one starts"
    assert len(set(started)) == 3


def test_nothing_is_left_of_the_server(run, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(executor.tempfile, "tempdir", str(scratch))
    monkeypatch.setattr(launch, "DEVELOPMENT_SERVER", (sys.executable, "-c", "raise SystemExit(1)"))
    with pytest.raises(ServingCheckError):
        run(write_candidate(tmp_path / "model", LengthModel()))
    assert list(scratch.iterdir()) == []
