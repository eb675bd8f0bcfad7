"""What a run left may be damaged: that run alone says so, with the file and the remedy, and all others are told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from components.errors import BertlineError
from pipeline.cli import main
from pipeline.history import read_past_run
from pipeline.history.find import find_run
from pipeline.history.listing import list_runs
from pipeline.history.record import RecordError, read_left
from pipeline.history.row import PRUNED
from pipeline.history.shapes import Judged
from pipeline.run_store import existing, note
from tests.pipeline.history.tiny_pipeline import run, verdict

OWN, OTHER = "2026-01-02T10-00-00.000001", "2026-01-01T10-00-00.000001"
RECORD = f"reports/{OWN}/run.json"
VERDICT = "artifacts/Evaluator/blessing/*/verdict.json"
PUSH = "artifacts/Pusher/pushed_model/*/push.json"
DAMAGES: dict[str, list[Any]] = {
    RECORD: [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        [],
        "text",
        None,
        {"verdict": ["PUSHED"]},
        {"reasons": "it"},
        {"reasons": [5]},
        {"started": 5},
        {"seconds": "ten"},
        {"steps": {"Trainer": "ten"}},
        {"version": "7"},
        {"config": ["data"]},
        {"config": {"data": "day.csv"}},
        {"config": {"encoder": {"handle": 5}}},
        {"config": {"labels": {"names": "neg"}}},
        {"config": {"push": {"folder": ["served"]}}},
        {"samples": {"text": "it"}},
        {"paths": [5]},
    ],
    VERDICT: [
        b'{"metrics": {',
        [],
        {"metrics": [0.8]},
        {"metrics": {"overall": [0.8]}},
        {"metrics": {"overall": {"accuracy": "0.8"}}},
        {"intervals": {"overall": {"accuracy": 0.7}}},
        {"thresholds": ["accuracy"]},
        {"thresholds": {"metrics": ["accuracy"]}},
        {"thresholds": {"slices": {"length_band=0-19": ["accuracy"]}}},
        {"reasons": "one"},
        {"notes": 5},
        {"forced": ["me"]},
    ],
    "artifacts/ServingCheck/blessing/*/report.json": [[], {"reasons": {"a": 1}}, {"checks": "none"}],
    PUSH: [
        [],
        {"status": ["pushed"]},
        {"status": "sold"},
        {"status": "pushed", "version": "7"},
        {"status": "pushed", "digest": ["d"]},
        {"status": "pushed", "folder": 7},
    ],
    "artifacts/TextExampleGen/quarantine/*/summary.json": [b"{", [], {"rows": "100"}, {"rows": 9, "examples": [1]}],
}


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """A task with one run, and another beside it."""
    root = tmp_path_factory.mktemp("damaged") / "runs"
    run(root / "own", OWN, status="pushed 7")
    run(root / "other", OTHER, status="pushed 3")
    (root / "own" / "reports" / OWN).mkdir(parents=True)
    (root / "own" / RECORD).write_text(json.dumps({"verdict": "PUSHED", "reasons": [], "version": 7}))
    return root


@pytest.fixture
def damage(root) -> Iterator[Callable[[str, Any], Path]]:
    """Replaces a file of the run; it is whole again after the test."""
    whole: dict[Path, bytes] = {}

    def damaged(file: str, content: Any) -> Path:
        [path] = (root / "own").glob(file)
        whole[path] = path.read_bytes()
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    yield damaged
    for path, content in whole.items():
        path.write_bytes(content)


@pytest.mark.parametrize(("file", "content"), [(file, one) for file, several in DAMAGES.items() for one in several])
def test_a_damaged_file_costs_the_line_of_its_run_alone(root, damage, file, content):
    path = damage(file, content)
    own, other = list_runs(root, None, None)
    assert (own.run_id, own.state, own.metrics, own.version, own.path) == (OWN, "UNREADABLE", {}, 7, "day-{SPAN}.csv")
    [reason] = own.reasons
    assert reason.startswith(f"{path} cannot be read (")
    assert reason.endswith("); bring it back from a copy, or delete it, and the run is shown without it")
    assert (other.run_id, other.state, other.metrics) == (OTHER, "PUSHED", {"accuracy": 0.8, "auc": 0.8})


@pytest.mark.parametrize("file", list(DAMAGES))
def test_the_command_line_says_which_file_and_what_can_be_done(root, damage, tmp_path, file):
    path = damage(file, [])
    told = CliRunner().invoke(main, ["runs", "--root", str(root), "--json", str(tmp_path / "runs.json")])
    assert told.exit_code == 0, told.output
    assert f"note: own/{OWN}: {path} cannot be read (it is no JSON object); bring it back" in told.output
    assert "UNREADABLE" in told.output
    assert "PUSHED" in told.output
    listed = json.loads((tmp_path / "runs.json").read_text())["runs"]
    assert [row["state"] for row in listed] == ["UNREADABLE", "PUSHED"]


@pytest.mark.parametrize("file", list(DAMAGES))
def test_only_what_is_asked_of_the_damaged_run_itself_is_refused(root, damage, tmp_path, file):
    path = damage(file, [])
    for arguments in (["runs", "compare", "other", "own"], ["report", "own", "--output", str(tmp_path / "own.html")]):
        told = CliRunner().invoke(main, [*arguments, "--root", str(root)])
        assert told.exit_code == 2
        assert f"own/{OWN}: {path} cannot be read (it is no JSON object)" in told.output
    assert find_run(root, OTHER[:10]).state == "PUSHED"
    told = CliRunner().invoke(main, ["runs", "compare", "other", OTHER, "--root", str(root)])
    assert told.exit_code == 0, told.output
    told = CliRunner().invoke(main, ["report", "other", "--root", str(root), "--output", str(tmp_path / "other.html")])
    assert told.exit_code == 0, told.output


@pytest.mark.parametrize("file", list(DAMAGES))
def test_the_remedy_is_one(root, damage, file):
    path = damage(file, [])
    path.unlink()
    own, _ = list_runs(root, None, None)
    assert own.state == "PUSHED"


def test_what_is_null_or_of_another_version_is_no_damage(root, damage):
    damage(RECORD, {"config": None, "samples": None, "new": [1], "started": "some day"})
    damage(
        VERDICT, {"metrics": None, "thresholds": {"metrics": None, "new": 5}, "intervals": {"overall": {"auc": None}}}
    )
    damage(PUSH, {"digest": None})
    own, _ = list_runs(root, None, None)
    assert (own.state, own.version, own.metrics) == ("PUSHED", 7, {})


def test_a_file_that_may_not_be_read_is_named(tmp_path):
    (tmp_path / "verdict.json").mkdir()
    with pytest.raises(RecordError, match=re.escape(f"{tmp_path}/verdict.json cannot be read (Is a directory)")):
        read_left(tmp_path, "verdict.json", Judged)
    assert read_left(tmp_path / "gone", "verdict.json", Judged) is None


def test_a_past_run_with_a_damaged_file_is_an_error_that_users_see(root, damage):
    damage(VERDICT, [])
    with pytest.raises(BertlineError, match=r"verdict\.json cannot be read"):
        read_past_run(root / "own", OWN)


def test_a_run_that_is_known_by_a_damaged_record_alone_is_listed_and_stays(root, tmp_path):
    home = tmp_path / "runs" / "own"
    run(home, "run-1", judged=verdict(0.7))
    (home / "reports" / "alone").mkdir(parents=True)
    (home / "reports" / "alone" / "run.json").write_text("[]")
    assert {row.run_id: row.state for row in list_runs(home.parent, None, None)} == {
        "alone": "UNREADABLE",
        "run-1": "NOT BLESSED",
    }
    told = CliRunner().invoke(main, ["runs", "prune", "own", "--keep", "0", "--yes", "--root", str(home.parent)])
    assert told.exit_code == 0, told.output
    assert "kept: whether its model is served cannot be told" in told.output
    assert (home / "reports" / "alone" / "run.json").is_file()


@pytest.mark.parametrize("push", [[], {"status": "pushed", "digest": ["d"]}])
def test_the_model_of_a_damaged_run_is_known_to_be_served(tmp_path, push):
    home = tmp_path / "runs" / "own"
    run(home, "run-1", epochs=1, status="pushed 1")
    run(home, "run-2", epochs=2)
    [file] = home.glob("artifacts/Pusher/pushed_model/5/push.json")
    file.write_text(json.dumps(push))
    (home / "served" / "1").rename(home / "served" / "9")
    told = CliRunner().invoke(main, ["runs", "prune", "own", "--keep", "1", "--yes", "--root", str(home.parent)])
    assert told.exit_code == 0, told.output
    assert "kept: its model is in the push folder" in told.output


@pytest.mark.parametrize(
    "line", ["[", "[]", "5", '{"task": "own"}', {"started": 5}, {"started": "2026"}, {"metrics": [1]}, {"rows": "9"}]
)
def test_a_line_of_a_pruned_run_that_is_damaged_costs_no_other(tmp_path, line):
    home = tmp_path / "runs" / "own"
    run(home, "run-1", epochs=1)
    run(home, "run-2", epochs=2)
    kept = {"task": "own", "run_id": "run-1", "started": "2026-01-01T10:00:00+00:00", "state": "PUSHED", "reasons": []}
    text = line if isinstance(line, str) else json.dumps(kept | line)
    note(existing(home / "metadata.sqlite"), PRUNED, {"run-1": text})
    newest, oldest = list_runs(home.parent, None, None)
    assert (newest.run_id, newest.state) == ("run-2", "NOT BLESSED")
    assert (oldest.run_id, oldest.state, oldest.pruned) == ("run-1", "UNREADABLE", True)
    assert "metadata.sqlite" in oldest.reasons[0]
