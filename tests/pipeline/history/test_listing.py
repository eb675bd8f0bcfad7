from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from components.errors import ConfigError
from pipeline.cli import main
from pipeline.history import read_past_run
from pipeline.history.listing import list_runs
from pipeline.history.rebuild import rebuild
from pipeline.history.store import read_home
from pipeline.steps import State
from pipeline.verdict import Verdict
from tests.pipeline.history.tiny_pipeline import run, verdict


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> Path:
    """The folder of two tasks' runs; no test writes to it."""
    root = tmp_path_factory.mktemp("told") / "runs"
    interval = {"overall": {"accuracy": [0.75, 0.85]}}
    run(root / "one", "2026-01-01T10-00-00.000001", judged=verdict(0.8, intervals=interval), status="pushed 7")
    run(root / "one", "2026-01-02T10-00-00.000001", then="killed", epochs=2)
    run(root / "one", "2026-01-03T10-00-00.000001", judged=verdict(0.6, blessed=False))
    run(root / "one", "2026-01-04T10-00-00.000001", then="fail", epochs=3)
    run(root / "two", "2026-01-02T12-00-00.000001", status="unchanged 5")
    return root


@pytest.fixture
def root(told, tmp_path) -> Path:
    """A copy of it that can be written; its artifacts' URIs still name the folder that it is a copy of."""
    return Path(shutil.copytree(told, tmp_path / "runs"))


def rows(root, task=None, limit=None):
    return list_runs(root, task, limit)


def test_runs_of_all_tasks_newest_first_with_verdict_metrics_data_and_version(told):
    found = rows(told)
    assert [(row.task, row.run_id[:10], row.state) for row in found] == [
        ("one", "2026-01-04", "STOPPED"),
        ("one", "2026-01-03", "NOT BLESSED"),
        ("two", "2026-01-02", "UNCHANGED"),
        ("one", "2026-01-02", "INTERRUPTED"),
        ("one", "2026-01-01", "PUSHED"),
    ]
    assert found[1].reasons == ["accuracy 0.6000 < 0.9000 (overall)"]
    assert [row.version for row in found] == [None, None, 5, None, 7]
    pushed = found[-1]
    assert (pushed.source, pushed.path, pushed.span, pushed.rows) == ("files", "day-{SPAN}.csv", 3, 100)
    assert pushed.encoder == "tiny"
    assert pushed.metrics == {"accuracy": 0.8, "auc": 0.8}
    assert pushed.intervals == {"accuracy": [0.75, 0.85]}
    assert found[0].rows == 100  # from the cache, whose artifacts belong to several runs
    assert [row.run_id for row in rows(told, "one", 1)] == [found[0].run_id]


def test_a_failed_run_says_what_failed_and_its_record_says_why(root):
    reason = rows(root, "one", 1)[0].reasons[0]
    assert reason.startswith("Trainer failed: why is in ")
    record(root / "one", "2026-01-04T10-00-00.000001", verdict="STOPPED", reasons=["the disk is full"])
    assert rows(root, "one", 1)[0].reasons == ["the disk is full"]


def test_a_record_that_was_written_when_a_run_began_does_not_hide_that_it_was_killed(root):
    began = "it has not come to its end: it is going on, or was killed"
    record(root / "one", "2026-01-02T10-00-00.000001", verdict="STOPPED", reasons=[began])
    assert rows(root, "one")[2].state == "INTERRUPTED"


def test_a_run_that_was_ended_before_its_first_step_is_known_by_its_record(root):
    record(root / "one", "2026-01-05T10-00-00.000001", verdict="STOPPED", reasons=["it was interrupted"])
    first = rows(root, "one", 1)[0]
    assert (first.run_id[:10], first.state, first.metrics) == ("2026-01-05", "STOPPED", {})


def test_only_a_run_whose_process_holds_the_lock_is_running(root):
    home = root / "one"
    run(home, "2026-01-06T10-00-00.000001", then="killed", epochs=5)
    hold = "import fasteners, sys; lock = fasteners.InterProcessLock(sys.argv[1]); lock.acquire(); print(1); input()"
    command = [sys.executable, "-c", hold, str(home / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "1\n"
        assert [row.state for row in rows(root, "one")][::3] == ["RUNNING", "INTERRUPTED"]
        other.communicate("\n")
    assert rows(root, "one", 1)[0].state == "INTERRUPTED"


def test_what_is_missing_or_of_another_version_is_none_and_no_crash(tmp_path):
    home = tmp_path / "runs" / "old"
    run(home, "old-1", judged={"blessed": True, "metrics": {"overall": {"loss": 0.1}}}, status="pushed 1")
    run(home, "old-2", judged=verdict(0.7) | {"reasons": None, "thresholds": None, "metrics": None}, epochs=2)
    shutil.rmtree(home / "artifacts" / "ServingCheck")
    shutil.rmtree(home / "artifacts" / "Pusher")
    shutil.rmtree(home / "artifacts" / "TextExampleGen")
    for file in (home / "artifacts" / "Trainer" / "model_run").glob("*/history.json"):
        file.write_text("{")
    newest, oldest = rows(tmp_path / "runs")
    assert (newest.state, newest.metrics, newest.reasons, newest.rows) == ("NOT BLESSED", {}, [], None)
    assert (oldest.state, oldest.version, oldest.metrics) == ("PUSHED", 1, {})
    rebuilt, outcome = read_past_run(home, "old-1")
    assert rebuilt.training() is None
    assert rebuilt.rows() is None
    assert outcome.serving is None


def test_a_past_run_is_what_it_was_at_its_end(told):
    past, outcome = read_past_run(told / "one", "2026-01-01T10-00-00.000001")
    assert (outcome.verdict, outcome.version, outcome.folder) == (Verdict.PUSHED, 7, str(told / "one" / "served" / "7"))
    assert outcome.evaluation is not None
    assert outcome.evaluation["metrics"]["overall"]["accuracy"] == 0.8
    assert past.steps[0].name == "TextExampleGen"
    assert {step.state for step in past.steps} == {State.DONE}
    assert past.paths["log"].endswith("2026-01-01T10-00-00.000001.log")
    past, outcome = read_past_run(told / "one", "2026-01-02T10-00-00.000001")
    assert [(step.name, step.state) for step in past.steps] == [
        ("TextExampleGen", State.CACHED), ("Trainer", State.CANCELLED),
    ]  # fmt: skip
    assert outcome.verdict is Verdict.STOPPED
    with pytest.raises(ConfigError, match="no run 2026 in "):
        read_past_run(told / "one", "2026")


def test_a_step_that_still_runs_has_run_since_it_began(root):
    home = root / "one"
    stored = read_home(home)
    killed = stored.runs[1]
    before = time.time()
    [running] = [step for step in rebuild(home, stored, killed, killed.run_id).run.steps if step.name == "Trainer"]
    assert running.state is State.RUNNING
    assert running.elapsed == pytest.approx(before - killed.executions[-1].began, abs=60)


def test_how_long_a_killed_step_took_only_the_runs_record_knows(root):
    killed = "2026-01-02T10-00-00.000001"
    past, _ = read_past_run(root / "one", killed)
    assert [step.seconds is None for step in past.steps] == [False, True]
    record(root / "one", killed, verdict="STOPPED", reasons=["it was interrupted"], steps={"Trainer": 61.5})
    past, _ = read_past_run(root / "one", killed)
    assert past.steps[1].seconds == 61.5


def test_the_table_and_the_json(told, tmp_path):
    result = CliRunner().invoke(main, ["runs", "one", "--root", str(told), "--json", str(tmp_path / "runs.json")])
    assert result.exit_code == 0, result.output
    for words in ("2026-01-01T10-00-00", "PUSHED", "accuracy 0.8000 [0.7500, 0.8500]", "day-{SPAN}.csv, span 3"):
        assert words in result.output
    assert "INTERRUPTED" in result.output
    assert len(json.loads((tmp_path / "runs.json").read_text())["runs"]) == 4


def test_no_runs_no_folder_and_no_such_task(tmp_path, told):
    assert "no run was begun" in CliRunner().invoke(main, ["runs", "--root", str(tmp_path)]).output
    with pytest.raises(ConfigError, match=r"--root .*nowhere: there is no such folder"):
        rows(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"no run of three below .*; there are runs of: one, two"):
        rows(told, "three")


def test_a_store_that_is_damaged_or_locked_is_one_clear_error(tmp_path, root, monkeypatch):
    (tmp_path / "runs" / "bad").mkdir(parents=True)
    (tmp_path / "runs" / "bad" / "metadata.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(ConfigError, match=r"bad/metadata\.sqlite cannot be read as a store of runs \(file is not a"):
        rows(root, "bad")
    monkeypatch.setattr("pipeline.history.store._PATIENCE", 0.1)
    lock = f"import sqlite3; k = sqlite3.connect({str(root / 'one' / 'metadata.sqlite')!r})\n"
    lock += "k.execute('begin exclusive'); print(1); input()"
    with subprocess.Popen([sys.executable, "-c", lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
        assert p.stdout is not None
        assert p.stdout.readline() == "1\n"
        with pytest.raises(ConfigError, match="is locked by another process"):
            rows(root, "one")
        p.communicate("\n")


def test_a_store_whose_making_was_killed_has_no_runs(tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "metadata.sqlite").touch()
    assert rows(tmp_path) == []
    sqlite3.connect(tmp_path / "new" / "metadata.sqlite").close()
    assert rows(tmp_path, "new") == []


def test_a_listing_imports_no_tensorflow(told):
    code = (
        "import sys\nfrom pipeline.cli import main\n"
        f"try: main(['runs', '--root', {str(told)!r}])\nexcept SystemExit as end: assert end.code == 0, end.code\n"
        "heavy = {'tensorflow', 'tfx', 'apache_beam', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_artifacts_that_are_gone_leave_the_verdict(tmp_path):
    run(tmp_path / "gone", "run-1", status="unchanged 5")
    shutil.rmtree(tmp_path / "gone" / "artifacts")
    (row,) = rows(tmp_path)
    assert (row.state, row.version, row.metrics, row.rows) == ("UNCHANGED", 5, {}, None)


def record(home: Path, run_id: str, **content) -> None:
    folder = home / "reports" / run_id
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"pipeline": home.name, "run_id": run_id, **content}))
