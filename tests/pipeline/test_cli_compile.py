from __future__ import annotations

import json

import pytest
import yaml
from click.testing import CliRunner

from pipeline import local_run
from pipeline.cli import main
from pipeline.kubeflow.settings import STEPS
from pipeline.verdict import Outcome, Verdict
from tests.pipeline.kubeflow.clusters import IMAGE, SETTINGS

CLUSTER = [part for setting in SETTINGS for part in ("--set", setting)]


def compiling(*arguments: str):
    return CliRunner().invoke(main, ["compile", "demo", *arguments])


def test_it_writes_a_file_that_submit_takes_and_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = compiling(*CLUSTER)
    assert result.exit_code == 0, result.output
    spec, platform = yaml.safe_load_all((tmp_path / "demo-pipeline.yaml").read_text())
    assert spec["pipelineInfo"]["name"] == "demo"
    assert "platforms" in platform
    assert f"demo-pipeline.yaml: {len(STEPS)} steps, parameters encoder, epochs" in result.output
    assert "bertline submit demo-pipeline.yaml" in result.output


def test_the_clusters_file_is_laid_over_the_task(tmp_path):
    cluster = tmp_path / "cluster.yaml"
    volumes = {"models": {"claim": "bertline-models", "path": "/models"}}
    cluster.write_text(json.dumps({"kubeflow": {"image": IMAGE, "volumes": volumes}}))
    output = tmp_path / "out.yaml"
    result = compiling("--with", str(cluster), "--set", "push.folder=/models/x", "--output", str(output))
    assert result.exit_code == 0, result.output
    assert IMAGE in output.read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "error: the section kubeflow is missing"),
        ([*CLUSTER, "--set", "kubeflow.image=bertline:latest"], "kubeflow.image"),
        ([*CLUSTER, "--set", "push.folder=/elsewhere"], "push.folder is /elsewhere"),
        ([*CLUSTER, "--output", "demo.json"], "name it so"),
        ([*CLUSTER, "--run-local"], "error: claim bertline"),
        ([*CLUSTER, "--run-local", "--output", "x.yaml"], "give one of them"),
        ([*CLUSTER, "--summary", "x.json"], "give --run-local as well"),
        ([*CLUSTER, "--param", "epochs=1"], "give --run-local as well"),
    ],
)
def test_a_mistake_is_told_in_a_line(tmp_path, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    result = compiling("--set", f"pipeline.root={tmp_path}", *arguments)
    assert result.exit_code == 2
    assert says in result.output
    assert "Traceback" not in result.output
    assert not list(tmp_path.glob("*.yaml"))


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_local_run_exits_as_bertline_run_does(tmp_path, monkeypatch, verdict):
    called = {}

    def run(config, summary, engine):
        called.update(name=config.pipeline.name, summary=summary, engine=type(engine).__name__)
        return Outcome(verdict, [])

    monkeypatch.setattr(local_run, "run", run)
    summary = tmp_path / "summary.json"
    result = compiling(*CLUSTER, "--run-local", "--summary", str(summary), "--param", "epochs=2")
    assert result.exit_code == verdict.exit_code
    assert called == {"name": "demo", "summary": summary, "engine": "CompiledEngine"}
