from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from components.errors import BertlineError, EncoderError, TrainingError
from components.progress import Progress, listening
from components.trainer.files import HISTORY_FILE, JOB_FILE
from components.trainer.job import Job
from components.trainer.worker_process import run_as_worker
from tests.fresh_process import scores_in_a_fresh_process

MINUTES = 240.0  # nothing here takes so long


def free_address() -> str:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{server.getsockname()[1]}"


def wait_for(found: Callable[[], object]) -> None:
    end = time.monotonic() + MINUTES
    while not found():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
def test_two_workers_export_one_model(make_job, tmp_path, monkeypatch, caplog):
    addresses = [free_address(), free_address()]
    configs = [json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": n}}) for n in (0, 1)]
    job = make_job(devices="multi_worker", epochs=1, batch_size=48)
    model, elsewhere = tmp_path / "model", tmp_path / "of the other"
    reports: list[Progress] = []
    monkeypatch.setenv("TF_CONFIG", configs[0])
    with caplog.at_level("INFO"), listening(reports.append), ThreadPoolExecutor(1) as pool:
        chief = pool.submit(run_as_worker, job, str(model))
        wait_for(lambda: chief.done() or [line for line in caplog.messages if line.startswith("training as worker 0")])
        [line] = [line for line in caplog.messages if line.startswith("training as worker 0")]
        command = shlex.split(line.partition(": ")[2])
        assert command[-2:] == [job.log_dir + f"/{JOB_FILE}", str(model)]
        # Into a folder of its own, where nothing may arrive.
        other = subprocess.run(
            [*command[:-1], str(elsewhere)],
            env=os.environ | {"TF_CONFIG": configs[1]},
            capture_output=True,
            text=True,
            timeout=MINUTES,
        )
        assert other.returncode == 0, other.stderr[-2000:]
        chief.result(MINUTES)
    assert not elsewhere.exists()
    assert scores_in_a_fresh_process(model, ["a good movie"]).shape == (1, 1)
    record = json.loads((Path(job.log_dir) / HISTORY_FILE).read_text())
    assert (record["is_chief"], record["devices"]) == (True, "CollectiveAllReduceStrategy on 2 devices")
    assert [each.done for each in reports] == sorted(each.done for each in reports)
    assert (reports[-1].done, reports[-1].total, reports[-1].unit) == (96, 96, "examples")
    assert reports[-1].figures["loss"] > 0


def broken(job: Job, error: type[BertlineError]) -> Job:
    """A job that cannot be done, so that the worker raises the error."""
    if error is EncoderError:
        job.settings["encoder"] = {**job.settings["encoder"], "handle": "/nowhere/at-all"}
    else:
        job.settings["labels"] = {**job.labels, "kind": "multilabel", "names": ["a", "b"]}
    return job


@pytest.mark.parametrize(
    ("error", "says"),
    [(TrainingError, "targets of the train split have 1 labels"), (EncoderError, "/nowhere/at-all")],
)
def test_what_the_user_can_mend_arrives_as_it_was_raised(make_job, tmp_path, error, says):
    with pytest.raises(error, match=says) as told:
        run_as_worker(broken(make_job(devices="one"), error), str(tmp_path / "model"))
    assert type(told.value) is error


def test_any_other_end_is_told_by_its_code_and_the_log_has_the_rest(make_job, tmp_path, capfd):
    job = make_job(devices="one")
    job.settings.pop("decisions")
    with pytest.raises(TrainingError, match=r"^the worker ended with exit code 1; see the log$"):
        run_as_worker(job, str(tmp_path / "model"))
    printed = capfd.readouterr().err
    assert "KeyError: 'decisions'" in printed
    assert "best epoch" in printed  # what it logs


_STARTER = """
import sys
import components
from components.progress import listening
from components.trainer.job import Job
from components.trainer.worker_process import run_as_worker
with listening(lambda progress: print(progress.done, flush=True)):
    run_as_worker(Job.from_json(open(sys.argv[1]).read()), sys.argv[2])
"""


def children(process: int) -> list[int]:
    return [
        int(child)
        for task in Path(f"/proc/{process}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_worker_ends_when_the_process_that_started_it_is_killed(make_job, tmp_path):
    path = tmp_path / "given.json"
    path.write_text(make_job(devices="one", epochs=100_000).to_json())
    with subprocess.Popen(
        [sys.executable, "-c", _STARTER, str(path), str(tmp_path / "model")], stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        assert int(starter.stdout.readline()) > 0  # it trains
        [worker] = children(starter.pid)
        assert is_running(worker)
        starter.send_signal(signal.SIGKILL)
        wait_for(lambda: not is_running(worker))


def test_a_job_that_is_not_there_is_told_by_hand(tmp_path):
    command = [sys.executable, "-m", "components.trainer.worker", str(tmp_path / JOB_FILE), str(tmp_path / "model")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=MINUTES)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(f"error: JOB {tmp_path / JOB_FILE} cannot be read")
