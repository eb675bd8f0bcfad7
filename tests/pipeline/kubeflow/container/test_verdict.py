from __future__ import annotations

import json

import pytest

from pipeline import published
from pipeline.kubeflow.container import verdict
from pipeline.kubeflow.container.mounts import MOUNT_ROOT
from pipeline.kubeflow.extra_tasks import VERDICT_INPUTS
from pipeline.verdict import Scored
from tests.pipeline.test_summary import EVALUATION, ended_steps

PUSHED = {"status": "pushed", "version": 7, "folder": "/models/demo/7", "digest": "d"}


@pytest.fixture
def launch(tmp_path, monkeypatch):
    """Runs the task as KFP's launcher does, over what a run's steps left in an object store."""
    monkeypatch.setenv(MOUNT_ROOT, str(tmp_path))

    def run(push: dict, samples: list[str] | None = None) -> int:
        artifacts = {}
        for name in VERDICT_INPUTS:
            folder = tmp_path / "minio" / "bucket" / name
            folder.mkdir(parents=True)
            ended_steps(folder, EVALUATION, push)
            artifacts[name] = {"artifacts": [{"name": "1", "uri": f"minio://bucket/{name}"}]}
        parameters = {"samples": json.dumps(samples or [])}
        given = {"inputs": {"artifacts": artifacts, "parameterValues": parameters}, "outputs": {}}
        return verdict.main(["--executor-input", json.dumps(given)])

    return run


def test_what_was_not_blessed_fails_the_run_and_says_why(launch, capsys):
    assert launch({"status": "not_blessed", "version": None, "folder": None, "digest": "d"}) == 3
    told = capsys.readouterr().out
    assert "NOT BLESSED because accuracy 0.7800 < 0.8500 (overall)" in told
    assert "100 rows: 60 train" in told
    assert "p99 latency" in told


def test_what_was_pushed_is_loaded_and_asked(launch, capsys, monkeypatch):
    asked = {}

    def score(folder, digest, texts):
        asked.update(folder=folder, digest=digest, texts=texts)
        return [Scored("what a film", {"pos": 0.93}, "pos")]

    monkeypatch.setattr(published, "score_published", score)
    assert launch(PUSHED, ["what a film"]) == 0
    assert asked == {"folder": "/models/demo/7", "digest": "d", "texts": ["what a film"]}
    told = capsys.readouterr().out
    assert "PUSHED version 7" in told
    assert "0.9300" in told
    assert "/models/demo/7" in told


def test_what_was_pushed_but_cannot_be_used_is_no_success(launch, capsys):
    assert launch(PUSHED) == 1
    assert "STOPPED because" in capsys.readouterr().out


def test_an_unchanged_model_is_a_success(launch, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(published, "score_published", lambda *_: [])
    assert launch({**PUSHED, "status": "unchanged"}) == 0
    assert "UNCHANGED" in capsys.readouterr().out
