from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from components.errors import ConfigError
from pipeline.cli import main
from pipeline.history import prune as pruning
from pipeline.history.find import find_run
from pipeline.history.listing import list_runs
from pipeline.history.store import read_home
from pipeline.steps import State
from tests.pipeline.history.tiny_pipeline import FINGERPRINT, run, verdict


def bertline(home: Path, *arguments: str):
    return CliRunner().invoke(main, ["runs", "prune", home.name, "--root", str(home.parent), *arguments])


def prune(home: Path, keep: int, *arguments: str) -> str:
    result = bertline(home, "--keep", str(keep), "--yes", *arguments)
    assert result.exit_code == 0, result.output
    return result.output


def folders(home: Path, output: str) -> list[str]:
    return sorted(path.name for path in (home / "artifacts").glob(f"{output}/*"))


def everything(home: Path) -> set[str]:
    return {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file() and path.name != ".lock"}


@pytest.fixture
def home(tmp_path) -> Path:
    """Three runs: run-1's data is run-2's, too, by the cache; run-2's model is run-3's."""
    home = tmp_path / "runs" / "task"
    run(home, "run-1", epochs=1)
    run(home, "run-2", epochs=2)
    run(home, "run-3", epochs=2, judged=verdict(0.9))
    return home


def test_the_last_run_stays_with_all_that_it_shares(home):
    before = folders(home, "Trainer/model")
    told = prune(home, 1)
    assert folders(home, "TextExampleGen/examples") == ["1"]
    assert folders(home, "Trainer/model") == before[1:]
    assert len(folders(home, "Evaluator/blessing")) == 1
    assert [path.name for path in (home / "logs").iterdir()] == ["run-3.log"]
    assert "run-3" in told
    assert "kept: one of the last" in told
    past = find_run(home.parent, "task")
    assert past.run.rows() is not None
    assert past.run.training() is not None
    assert past.outcome.evaluation is not None


def test_a_pruned_run_keeps_its_line_in_the_list(home):
    before = list_runs(home.parent, None, None)
    prune(home, 1)
    after = list_runs(home.parent, None, None)
    assert [(row.run_id, row.state, row.metrics, row.rows) for row in after] == [
        (row.run_id, row.state, row.metrics, row.rows) for row in before
    ]
    assert [row.pruned for row in after] == [False, True, True]
    with pytest.raises(ConfigError, match="the run run-1 was pruned"):
        find_run(home.parent, "run-1")


def test_what_was_pruned_is_made_again_and_what_stayed_is_cached(home):
    prune(home, 1)
    again = run(home, "run-4", epochs=1)
    assert [step.state for step in again] == [State.CACHED, *[State.DONE] * 4]
    assert Path(again[1].outputs["model"], "Format-Serving", "saved_model.pb").is_file()
    assert run(home, "run-5", epochs=2, judged=verdict(0.9))[2].state is State.CACHED


def test_after_everything_was_pruned_everything_is_made_again(home):
    prune(home, 0)
    assert not [path for path in (home / "artifacts").rglob("*") if path.is_file()]
    assert all(step.state is State.DONE for step in run(home, "run-4", epochs=2))


def test_pruning_twice_finds_nothing_more(home):
    prune(home, 2)
    left = everything(home)
    assert "there is nothing to prune" in prune(home, 2)
    assert everything(home) == left


def test_a_run_whose_model_is_served_stays_as_long_as_its_version_does(tmp_path):
    home = tmp_path / "runs" / "task"
    run(home, "run-1", epochs=1, status="pushed 1")
    run(home, "run-2", epochs=2, status="pushed 2")
    run(home, "run-3", epochs=3, status="pushed 3")
    run(home, "run-4", epochs=4)
    shutil.rmtree(home / "served" / "2")
    served = {path for path in everything(home) if path.startswith("served")}
    told = prune(home, 1)
    assert told.count("kept: its model is in the push folder") == 2
    assert [row.run_id for row in list_runs(home.parent, None, None) if row.pruned] == ["run-2"]
    assert {path for path in everything(home) if path.startswith("served")} == served
    shutil.rmtree(home / "served" / "1")
    prune(home, 1)
    assert [row.run_id for row in list_runs(home.parent, None, None) if row.pruned] == ["run-2", "run-1"]


def test_a_served_model_is_known_though_its_push_left_no_record(tmp_path):
    home = tmp_path / "runs" / "task"
    run(home, "run-1", epochs=1, status="pushed 1")
    run(home, "run-2", epochs=2)
    shutil.rmtree(home / "artifacts" / "Pusher")
    (home / "served" / "1").rename(home / "served" / "9")
    assert "kept: its model is in the push folder" in prune(home, 1)


def test_without_the_push_folder_nothing_is_pruned(home):
    (home / "served").rmdir()
    result = bertline(home, "--keep", "1", "--yes")
    assert result.exit_code == 2
    assert "the push folder" in result.output
    assert "is not there" in result.output
    assert len(folders(home, "Trainer/model")) == 2


def test_what_a_killed_and_a_stopped_run_left_is_freed(tmp_path):
    home = tmp_path / "runs" / "task"
    run(home, "run-1", then="killed")
    (half,) = folders(home, "Trainer/model")
    (stopped := home / "artifacts" / "TextExampleGen" / "quarantine" / "1-stopped").mkdir()
    (stopped / "rows.jsonl").write_text("{}")
    (spill := home / "artifacts" / "TextExampleGen" / "examples" / "1" / ".spill").mkdir()
    run(home, "run-2", epochs=2)
    assert half in folders(home, "Trainer/model")
    prune(home, 1)
    assert half not in folders(home, "Trainer/model")
    assert not stopped.exists()
    assert spill.exists()  # inside what the last run shares


def test_checkpoints_go_with_the_last_run_that_has_a_use_for_them(tmp_path):
    home = tmp_path / "runs" / "task"
    root = home / "checkpoints" / "task"
    run(home, "run-1", epochs=1)
    run(home, "run-2", epochs=2)
    claimed, stranger, other = root / FINGERPRINT[:32], root / ("a" * 32), home / "checkpoints" / "other" / ("a" * 32)
    for folder in (claimed, stranger, other):
        folder.mkdir(parents=True)
    now = time.time()
    os.utime(stranger, (now, now))
    prune(home, 1)
    assert claimed.exists()
    assert stranger.exists()  # written after run-2 had begun
    run(home, "run-3", then="killed", epochs=3)
    prune(home, 1)
    assert not claimed.exists()
    assert stranger.exists()  # which a killed training may go on from
    run(home, "run-4", epochs=4)
    prune(home, 1)
    assert not stranger.exists()
    assert other.exists()


def test_a_search_goes_with_the_runs_that_are_older_than_the_last(tmp_path):
    home = tmp_path / "runs" / "task"
    for name in ("run-1", "search-1", "run-2", "search-2"):
        run(home, name, epochs=int(name[-1]) + 10 * name.startswith("s"))
    for name in ("search-1", "search-2"):
        (home / "logs" / f"{name}.log").rename(home / "logs" / f"{name}-tune.log")
    prune(home, 1)
    assert sorted(path.name for path in (home / "logs").iterdir()) == ["run-2.log", "search-2-tune.log"]
    assert [(row.run_id, row.pruned) for row in list_runs(home.parent, None, None)] == [
        ("run-2", False), ("run-1", True),
    ]  # fmt: skip
    assert "there is nothing to prune" in prune(home, 1)


@pytest.mark.parametrize("killed_in", ["note", "mark_deleted", "free"])
def test_killed_half_way_the_cache_stays_honest_and_pruning_goes_on(home, monkeypatch, killed_in):
    real = getattr(pruning, killed_in)
    calls = []

    def killed(*arguments):
        calls.append(arguments)
        if killed_in != "free" or len(calls) == 4:
            raise KeyboardInterrupt
        return real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(pruning, killed_in, killed)
        assert bertline(home, "--keep", "1", "--yes").exit_code != 0
    again = run(home, "run-4", epochs=1)
    for step in again:
        assert all(any(Path(uri).iterdir()) for uri in step.outputs.values()), step
    assert (again[1].state is State.CACHED) == (killed_in != "free")
    prune(home, 1)
    assert [path.name for path in (home / "logs").iterdir()] == ["run-4.log"]
    assert len(folders(home, "Trainer/model")) == 1
    assert [row.run_id for row in list_runs(home.parent, None, None) if not row.pruned] == ["run-4"]


def test_nothing_is_deleted_while_a_run_goes_on_nor_without_an_answer_nor_in_a_dry_run(home):
    left = everything(home)
    hold = "import fasteners, sys; lock = fasteners.InterProcessLock(sys.argv[1]); lock.acquire(); print(1); input()"
    for lock in (home / ".lock", home / "tune" / ".lock"):
        lock.parent.mkdir(exist_ok=True)
        command = [sys.executable, "-c", hold, str(lock)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "1\n"
            result = bertline(home, "--keep", "0", "--yes")
            assert result.exit_code == 2
            assert "is going on in" in result.output
            other.communicate("\n")
    assert "run-1" in prune(home, 0, "--dry-run")
    result = bertline(home, "--keep", "0")
    assert result.exit_code == 1
    assert "of 3 runs? [y/N]" in result.output
    assert everything(home) == left


def test_nothing_outside_is_touched_and_no_link_is_followed(home, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("p")
    model = home / "artifacts" / "Trainer" / "model"
    (first, second) = folders(home, "Trainer/model")
    (model / first / "link").symlink_to(outside)
    moved = tmp_path / "moved"
    (home / "artifacts" / "Evaluator").rename(moved)
    (home / "artifacts" / "Evaluator").symlink_to(moved)
    kept = sorted(path for path in moved.rglob("*") if path.is_file())
    prune(home, 0)
    assert (outside / "precious").read_text() == "p"
    assert not (model / first).exists()
    assert not (model / second).exists()
    assert sorted(path for path in moved.rglob("*") if path.is_file()) == kept


@pytest.mark.parametrize("is_mounted", [True, False])
def test_what_lies_behind_a_link_is_not_given_up(home, tmp_path, is_mounted):
    disk = tmp_path / "disk"
    (home / "artifacts").rename(disk)
    (home / "artifacts").symlink_to(disk)
    if not is_mounted:
        disk.rename(tmp_path / "elsewhere")
    told = prune(home, 1)
    assert told.count(f"not pruned: what lies behind the link {home / 'artifacts'}, since no link is followed;") == 1
    assert not any(row.pruned for row in list_runs(home.parent, None, None))
    if not is_mounted:
        (tmp_path / "elsewhere").rename(disk)
    assert all(artifact.live for artifact in read_home(home).artifacts.values())
    (home / "artifacts").unlink()
    disk.rename(home / "artifacts")
    assert "not pruned" not in prune(home, 1)
    assert [row.pruned for row in list_runs(home.parent, None, None)] == [False, True, True]
    assert len(folders(home, "Trainer/model")) == 1


def test_a_folder_that_was_moved_is_pruned_without_what_its_last_run_shares(home, tmp_path):
    moved = tmp_path / "elsewhere" / "task"
    moved.parent.mkdir()
    home.rename(moved)
    home.mkdir()
    (home / "served").mkdir()
    prune(moved, 1)
    assert folders(moved, "TextExampleGen/examples") == ["1"]
    assert len(folders(moved, "Trainer/model")) == 1


def record(home: Path, run_id: str, verdict: str, **more) -> None:
    """What a run keeps of itself that ML Metadata does not know, with its report and its log."""
    (folder := home / "reports" / run_id).mkdir(parents=True)
    known = {"run_id": run_id, "verdict": verdict, "reasons": ["it was interrupted"], **more}
    (folder / "run.json").write_text(json.dumps(known))
    (folder / "report.html").write_text("page")
    (home / "logs").mkdir(exist_ok=True)
    (home / "logs" / f"{run_id}.log").write_text("log")


def test_reports_go_too_and_a_run_that_has_nothing_else_is_not_forgotten(home):
    for run_id, ended in {"run-0": "STOPPED", "run-1": "NOT BLESSED", "compiled": "PUSHED"}.items():
        record(home, run_id, ended, started="2025-01-01T00:00:00+00:00")
    record(home, "run-3", "NOT BLESSED")
    (home / "served" / "4").mkdir()
    prune(home, 1)
    reports = home / "reports"
    assert sorted(path.name for path in reports.iterdir()) == ["compiled", "run-0", "run-3"]
    assert [path.name for path in (reports / "run-0").iterdir()] == ["pruned.json"]
    assert not (home / "logs" / "run-0.log").exists()
    (home / "served" / "4").rmdir()
    prune(home, 1)
    assert [path.name for path in (reports / "compiled").iterdir()] == ["pruned.json"]
    assert len(list((reports / "run-3").iterdir())) == 2


def test_a_run_that_is_known_by_its_record_alone_keeps_its_line_too(tmp_path):
    home = tmp_path / "runs" / "task"
    encoder = {"config": {"encoder": {"handle": "tiny"}, "data": {"source": "imdb"}}}
    record(home, "2026-01-01T10-00-00.000001", "PUSHED", version=3, **encoder)
    record(home, "2026-01-02T10-00-00.000001", "STOPPED")
    before = list_runs(home.parent, None, None)
    assert [(row.state, row.version) for row in before] == [("STOPPED", None), ("PUSHED", 3)]
    prune(home, 1)
    after = list_runs(home.parent, None, None)
    assert after == [before[0], dataclasses.replace(before[1], pruned=True)]
    assert [path.name for path in (home / "logs").iterdir()] == ["2026-01-02T10-00-00.000001.log"]
    with pytest.raises(ConfigError, match=r"the run 2026-01-01T10-00-00\.000001 was pruned"):
        find_run(home.parent, "2026-01-01")
    assert "there is nothing to prune" in prune(home, 1)
    assert not (home / "metadata.sqlite").exists()


def test_killed_after_the_line_was_kept_pruning_goes_on(tmp_path, monkeypatch):
    home = tmp_path / "runs" / "task"
    record(home, "run-1", "STOPPED")

    def killed(path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pruning, "free", killed)
        assert bertline(home, "--keep", "0", "--yes").exit_code != 0
    assert [row.pruned for row in list_runs(home.parent, None, None)] == [True]
    prune(home, 0)
    assert everything(home) == {"reports/run-1/pruned.json"}
    assert [(row.run_id, row.state, row.pruned) for row in list_runs(home.parent, None, None)] == [
        ("run-1", "STOPPED", True)
    ]


def test_reports_behind_a_link_are_neither_deleted_nor_written(tmp_path):
    home, outside = tmp_path / "runs" / "task", tmp_path / "outside"
    record(home, "run-1", "STOPPED")
    (home / "reports").rename(outside)
    (home / "reports").symlink_to(outside)
    prune(home, 0)
    assert sorted(path.name for path in (outside / "run-1").iterdir()) == ["report.html", "run.json"]


def test_what_is_not_pruned_of_compiled_runs_is_said(home):
    store = home / "kubeflow" / "store"
    store.mkdir(parents=True)
    (store / "object").write_bytes(b"0" * 2_500_000)
    for arguments in (("--dry-run",), ()):
        told = prune(home, 1, *arguments)
        assert (
            f"not pruned: {home / 'kubeflow'} (2.5 MB), which all runs of `bertline compile --run-local` share" in told
        )
    assert (store / "object").exists()


def test_logs_of_runs_that_were_refused_go_once_they_are_older_than_what_is_kept(home):
    old, new = home / "logs" / "2020-01-01T10-00-00.000001.log", home / "logs" / "2100-01-01T10-00-00.000001.log"
    for log in (old, new):
        log.write_text("refused")
    began = find_run(home.parent, "run-2").began.timestamp()
    os.utime(old, (began - 10, began - 10))
    told = prune(home, 2)
    assert old.stem in told
    assert not old.exists()
    assert new.exists()
    assert "there is nothing to prune" in prune(home, 2)
    prune(home, 0)
    assert not list((home / "logs").iterdir())


def test_the_newest_refusal_of_the_serving_check_stays_by_which_older_blessings_are_stale(home):
    blessings = home / "artifacts" / "ServingCheck" / "blessing"
    first, second = sorted(int(folder.name) for folder in blessings.iterdir())
    for number in (first, second):
        (blessings / str(number) / "INFRA_NOT_BLESSED").touch()
    prune(home, 0)
    assert [path.name for path in blessings.iterdir()] == [str(second)]
    assert "there is nothing to prune" in prune(home, 0)
