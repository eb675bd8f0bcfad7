from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from components.errors import TrainingError
from components.trainer.tracking import make_tracker
from components.trainer.tracking.weights_and_biases import WeightsAndBiases
from tests.components.trainer.tracking.conftest import RECORD, tell

SETTINGS = {"project": "films", "entity": None, "mode": "offline", "log_model": True}

pytestmark = pytest.mark.usefixtures("no_network")


def tracking(**wandb):
    return {"tensorboard": False, "wandb": SETTINGS | wandb}


def read_run(path):
    """The records of a run's file, once the package's other process has written its end."""
    from wandb.proto import wandb_internal_pb2
    from wandb.sdk.internal.datastore import DataStore

    found: list[Any] = []
    for _ in range(50):
        store, found = DataStore(), []
        store.open_for_scan(str(path))
        with contextlib.suppress(AssertionError):  # a record that is half written
            while (data := store.scan_data()) is not None:
                found.append(wandb_internal_pb2.Record())
                found[-1].ParseFromString(data)
        if any(record.WhichOneof("record_type") == "exit" for record in found):
            return found
        time.sleep(0.1)
    raise AssertionError(f"{path} has no end; {len(found)} records")


def records(folder):
    """What `wandb sync` would read of each run below a folder, by the kind of job."""
    runs = {}
    for path in sorted(Path(folder).glob("wandb/offline-run-*/*.wandb")):
        found = read_run(path)
        job = next(record.run.job_type for record in found if record.WhichOneof("record_type") == "run")
        runs.setdefault(job, []).extend(found)
    return runs


def kinds(found, kind):
    return [getattr(record, kind) for record in found if record.WhichOneof("record_type") == kind]


def items(entries):
    return {entry.key or "/".join(entry.nested_key): json.loads(entry.value_json) for entry in entries}


@pytest.fixture
def told(tmp_path, model_folder, monkeypatch):
    """The records of a whole training."""
    monkeypatch.chdir(tmp_path)
    tracker = make_tracker(tracking(), str(tmp_path / "logs"), "demo")
    tell(tracker, str(model_folder))
    assert tracker.problems == []
    return records(tmp_path / "logs")


def test_runs_are_grouped_by_job(told):
    runs = {job: kinds(found, "run")[0] for job, found in told.items()}
    assert runs.keys() == {"train", "evaluate", "save"}
    assert len({run.run_group for run in runs.values()}) == 1
    assert {run.project for run in runs.values()} == {"films"}
    assert len({run.run_id for run in runs.values()}) == 3


def test_train_has_config_steps_and_epochs(told):
    config = items(update for run in kinds(told["train"], "run") for update in run.config.update)
    assert config["config"]["training"]["learning_rate"] == 3e-5
    assert config["encoder"] == "tiny"
    rows = [items(history.item) for history in kinds(told["train"], "history")]
    steps = {row["global_step"]: row["step/loss"] for row in rows if "step/loss" in row}
    epochs = {row["epoch"]: row["epoch/val_auc"] for row in rows if "epoch" in row}
    assert steps == {1: 1.0, 2: 0.5, 3: pytest.approx(1 / 3), 4: 0.25}
    assert epochs == {1: 0.7, 2: 0.9}
    metrics = {metric.glob_name or metric.name: metric.step_metric for metric in kinds(told["train"], "metric")}
    assert metrics["step/*"] == metrics["epoch/*"] == "global_step"


def test_machine_is_observed(tmp_path):
    tracker = WeightsAndBiases(SETTINGS, str(tmp_path), "demo", note=pytest.fail)
    tracker.start(RECORD)
    time.sleep(1.0)  # five samples are due
    tracker.finish({}, None)
    observed = {item.key for stats in kinds(records(tmp_path)["train"], "stats") for item in stats.item}
    assert any("cpu" in key for key in observed)
    assert any("memory" in key for key in observed)


def test_evaluate_has_the_best_epoch_and_curves(told, tmp_path):
    summary = {}
    for update in kinds(told["evaluate"], "summary"):
        summary |= items(update.update)
    assert (summary["best/val_auc"], summary["best/loss"], summary["precision"]) == (0.9, 0.5, "float32")
    tables = sorted((tmp_path / "logs").glob("wandb/*evaluate*/files/media/table/*.json"))
    pr_curve, roc = (json.loads(path.read_text()) for path in tables)
    assert pr_curve["columns"] == ["label", "recall", "precision", "threshold"]
    assert {row[0] for row in pr_curve["data"]} == {"a", "b"}  # no example has c: it has no curve
    assert roc["columns"] == ["label", "false_positive_rate", "recall", "threshold"]
    assert [row[1:3] for row in roc["data"] if row[0] == "a"][-1] == [1.0, 1.0]


def test_model_is_an_artifact(told):
    (artifact,) = [
        request.log_artifact.artifact
        for request in kinds(told["save"], "request")
        if request.WhichOneof("request_type") == "log_artifact"
    ] or kinds(told["save"], "artifact")
    assert (artifact.type, artifact.name) == ("model", "demo-model")
    assert {entry.path for entry in artifact.manifest.contents} == {"saved_model.pb", "variables/variables.index"}


def test_nothing_is_printed_and_all_files_are_below_log_dir(tmp_path, model_folder, monkeypatch, capfd):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    for folder in (home, elsewhere):
        folder.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(elsewhere)
    before = dict(os.environ)
    tell(make_tracker(tracking(), str(tmp_path / "logs"), "demo"), str(model_folder))
    assert capfd.readouterr() == ("", "")
    assert list(elsewhere.iterdir()) == []
    assert list(home.iterdir()) == []
    assert dict(os.environ) == before


def test_model_stays_out_where_it_is_not_wanted(tmp_path, model_folder):
    tell(make_tracker(tracking(log_model=False), str(tmp_path), "demo"), str(model_folder))
    assert records(tmp_path).keys() == {"train", "evaluate"}


def test_training_that_goes_on_is_the_same_run(tmp_path):
    for part, steps in (("first", range(1, 3)), ("second", range(3, 5))):
        tell(make_tracker(tracking(), str(tmp_path / part), "demo"), steps=steps, fingerprint="same")
    first, second = (records(tmp_path / part)["train"] for part in ("first", "second"))
    assert kinds(first, "run")[0].run_id == kinds(second, "run")[0].run_id
    tell(make_tracker(tracking(), str(tmp_path / "third"), "demo"), fingerprint="other")
    assert kinds(records(tmp_path / "third")["train"], "run")[0].run_id != kinds(first, "run")[0].run_id


def test_epochs_told_again_stand_at_their_own_steps(tmp_path):
    tracker = make_tracker(tracking(log_model=False), str(tmp_path), "demo")
    tell(tracker, steps=range(3, 5), done=range(1, 2))
    assert tracker.problems == []
    rows = [items(history.item) for history in kinds(records(tmp_path)["train"], "history")]
    told = [(row["epoch"], row["global_step"], row["epoch/val_auc"]) for row in rows if "epoch" in row]
    assert told == [(1, 2, 0.7), (2, 4, 0.9)]
    # What the charts show of a run is the last of each: never that of an epoch that was told again.
    assert "epoch" in rows[-1]
    assert rows[-1]["epoch/val_auc"] == 0.9


def test_names_that_w_and_b_refuses_are_made_to_fit(tmp_path, model_folder):
    tracker = make_tracker(tracking(), str(tmp_path), "Fragen/Ärger " + "x" * 200)
    tell(tracker, str(model_folder))
    assert tracker.problems == []
    run = kinds(records(tmp_path)["save"], "run")[0]
    assert len(run.run_id) <= 64
    assert run.run_id.isascii()


def test_service_out_of_reach_leaves_files_to_sync(tmp_path):
    # A process of its own: the package reads its environment once, and this one's service must not be asked elsewhere.
    code = f"""
from components.trainer.tracking import make_tracker
from tests.components.trainer.tracking.conftest import tell
tracker = make_tracker({tracking(mode="online")!r}, {str(tmp_path)!r}, "demo")
tell(tracker)
(problem,) = tracker.problems
assert "cannot be reached" in problem, problem
assert "wandb sync" in problem, problem
"""
    environment = dict(os.environ) | {
        "WANDB_API_KEY": "0" * 40,
        "WANDB_BASE_URL": "http://127.0.0.1:9",  # nobody listens on it
        "WANDB_INIT_TIMEOUT": "2",
    }
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr[-3000:]
    assert not [line for line in (run.stdout + run.stderr).splitlines() if line.startswith("wandb:")]
    assert len(kinds(records(tmp_path)["train"], "history")) == 6


def test_missing_key_is_refused_before_training(tmp_path):
    with pytest.raises(TrainingError, match="the environment has no WANDB_API_KEY; set it, or set"):
        make_tracker(tracking(mode="online"), str(tmp_path), "demo")
