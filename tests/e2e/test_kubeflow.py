"""The compiled pipeline, run as Kubeflow's driver and launcher would, beside the same task under LocalDagRunner.

Real reviews, a tiny encoder: what is tested is how the steps hang together, not what they learn.
"""

from __future__ import annotations

import dataclasses
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from components.fingerprint import folder_digest
from components.model_folder import model_digest
from pipeline.kubeflow.settings import STEPS
from tests.e2e.conftest import write_reviews
from tests.tiny_encoder import write_tiny_encoder

pytestmark = pytest.mark.e2e

SETTINGS = """
pipeline: {{name: e2e, root: {root}}}
data:
  {{source: files, path: '{volume}/span-{{SPAN}}/*.csv', label: sentiment, max_characters: 30000}}
schema: imdb
encoder: {{handle: {volume}/encoder, max_tokens: 32}}
training: {{epochs: 1, batch_size: 16, learning_rate: 1.0e-3, precision: float32}}
gates: {{min_examples: 20, metrics: {{accuracy: {{at_least: 0.2}}, auc: {{at_least: 0.2}}}}}}
push: {{folder: {volume}/served}}
samples: [this is such an amazing movie!]
"""
CLUSTER = "kubeflow: {{volumes: {{data: {{claim: bertline-data, path: {volume}}}}}}}"


@dataclasses.dataclass(frozen=True)
class Project:
    """A folder that stands for a cluster's volume, with a task and its data in it."""

    folder: Path

    @property
    def volume(self) -> Path:
        return self.folder / "volume"

    @property
    def store(self) -> Path:
        """The object store of the cluster's runs."""
        return self.folder / "cluster" / "e2e" / "kubeflow" / "store"

    def versions(self, served: str = "served") -> list[str]:
        return sorted(path.name for path in (self.volume / served).iterdir() if path.name.isdigit())

    def command(self, *verb: str, root: str, overrides: tuple[str, ...] = ()) -> list[str]:
        settings = (f"pipeline.root={self.folder}/{root}", *overrides)
        laid = [part for setting in settings for part in ("--set", setting)]
        with_cluster = ["--with", str(self.folder / "cluster.yaml")]
        return [sys.executable, "-m", "pipeline", *verb, str(self.folder / "e2e.yaml"), *with_cluster, *laid]

    def on_cluster(self, *overrides: str, parameters: tuple[str, ...] = ()) -> tuple[int, dict[str, Any]]:
        """Exit code and summary of the compiled pipeline's run."""
        summary = self.folder / "cluster.json"
        command = self.command("compile", root="cluster", overrides=overrides)
        given = [part for parameter in parameters for part in ("--param", parameter)]
        return self._run([*command, "--run-local", *given, "--summary", str(summary)], summary)

    def here(self, *overrides: str) -> tuple[int, dict[str, Any]]:
        """Exit code and summary of a run under LocalDagRunner, which pushes elsewhere."""
        summary = self.folder / "here.json"
        elsewhere = (f"push.folder={self.volume}/elsewhere", *overrides)
        return self._run([*self.command("run", root="here", overrides=elsewhere), "--summary", str(summary)], summary)

    def _run(self, command: list[str], summary: Path) -> tuple[int, dict[str, Any]]:
        summary.unlink(missing_ok=True)
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder)
        assert summary.exists(), done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        return done.returncode, json.loads(summary.read_text())


def states(summary: dict[str, Any]) -> dict[str, str]:
    return {name: step["state"] for name, step in summary["steps"].items()}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("project"))
    span = project.volume / "span-1"
    span.mkdir(parents=True)
    write_reviews(span / "reviews.csv", 300)
    write_tiny_encoder(project.volume / "encoder")
    (project.folder / "e2e.yaml").write_text(SETTINGS.format(root=project.folder / "runs", volume=project.volume))
    (project.folder / "cluster.yaml").write_text(CLUSTER.format(volume=project.volume))
    return project


@pytest.fixture(scope="module")
def killed(project: Project) -> list[str]:
    """A first run that is killed while it trains; the lines that it had printed."""
    command = [*project.command("compile", root="cluster"), "--run-local"]
    lines, step = [], None
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=project.folder) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Transform"):
                step = process_of("trainer", project)
                process.send_signal(signal.SIGKILL)
    assert step is not None, lines
    wait_until(lambda: not psutil.pid_exists(step))  # it ends with who launched it
    return lines


def process_of(component: str, project: Project) -> int:
    """The process of a step, as soon as it is there."""
    found: list[int] = []

    def look() -> bool:
        for process in psutil.process_iter(["cmdline"]):
            line = " ".join(process.info["cmdline"] or ())
            if f"components.{component}." in line and str(project.volume) in line:
                found.append(process.pid)
        return bool(found)

    wait_until(look)
    return found[0]


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    raise TimeoutError("it did not come about within a minute")


@pytest.fixture(scope="module")
def first(project: Project, killed: list[str]) -> tuple[int, dict[str, Any]]:
    return project.on_cluster()


@pytest.fixture(scope="module")
def local(project: Project) -> tuple[int, dict[str, Any]]:
    return project.here()


def test_a_run_that_was_killed_in_a_step_goes_on_from_what_was_done(killed, first):
    done = {line.split()[0] for line in killed if " done " in line}
    assert {"Observe", "TextExampleGen", "StatisticsGen", "DataGate", "Transform"} <= done
    cached = {name for name, state in states(first[1]).items() if state == "cached"}
    assert cached == done - {"Observe"}
    assert states(first[1])["Trainer"] == "done"


def test_the_compiled_pipeline_ends_pushed(project, first):
    exit_code, summary = first
    assert exit_code == 0, summary["reasons"]
    assert summary["verdict"] == "PUSHED"
    assert set(summary["steps"]) == set(STEPS)
    assert project.versions() == [str(summary["version"])]
    assert summary["data"]["rows"] == 300


def test_it_leaves_what_a_local_run_leaves(project, first, local):
    def outputs(root: str, step: str, output: str) -> Path:
        """The newest output of a step, in TFX's folders or in the object store."""
        patterns = {"here": f"here/e2e/artifacts/{step}/{output}/*", "cluster": f"cluster/e2e/**/{step}/*/{output}"}
        found = [path for path in project.folder.glob(patterns[root]) if path.is_dir()]
        return max(found, key=lambda path: path.stat().st_mtime)

    assert local[1]["verdict"] == "PUSHED"
    for step, output in (("TextExampleGen", "examples"), ("TextExampleGen", "quarantine"), ("CuratedSchema", "schema")):
        assert folder_digest(outputs("cluster", step, output)) == folder_digest(outputs("here", step, output)), step
    # Beam divides what it transforms among files as it comes.
    tokens = [records(outputs(root, "Transform", "transformed_examples")) for root in ("cluster", "here")]
    assert len(tokens[0]) > 200
    assert tokens[0] == tokens[1]
    assert first[1]["data"] == local[1]["data"]
    assert first[1]["metrics"]["overall"] == pytest.approx(local[1]["metrics"]["overall"], abs=1e-4)
    assert first[1]["samples"][0]["scores"]["pos"] == pytest.approx(local[1]["samples"][0]["scores"]["pos"], abs=1e-4)
    for compiled, here in zip(first[1]["checks"], local[1]["checks"], strict=True):
        assert (compiled["slice"], compiled["metric"], compiled["passed"]) == (
            here["slice"],
            here["metric"],
            here["passed"],
        )
        assert compiled["value"] == pytest.approx(here["value"], abs=1e-4)
    names = [[check["name"] for check in summary["serving"]["checks"]] for _, summary in (first, local)]
    assert names[0] == names[1]


def records(folder: Path) -> list[str]:
    """All examples of the files below a folder, in an order of their own."""
    import tensorflow as tf

    files = [str(file) for file in folder.rglob("*.gz")]
    parsed = map(tf.train.Example.FromString, tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator())
    features = [{name: str(value) for name, value in example.features.feature.items()} for example in parsed]
    return sorted(str(sorted(each.items())) for each in features)


@pytest.fixture(scope="module")
def second(project: Project, first: tuple[int, dict[str, Any]]) -> tuple[int, dict[str, Any]]:
    return project.on_cluster()


def test_a_scheduled_run_without_new_data_changes_nothing(project, first, second):
    exit_code, summary = second
    assert exit_code == 0, summary["reasons"]
    assert summary["verdict"] == "UNCHANGED"
    # The served model is another than at the first run's beginning, so it is looked at and judged anew.
    anew = {"Observe", "ServedModel", "Evaluator", "ServingCheck", "Pusher", "Report", "Verdict"}
    assert {name for name, state in states(summary).items() if state != "cached"} == anew
    assert summary["baseline_version"] == str(first[1]["version"])


def test_a_new_span_is_trained_on_by_the_same_compiled_pipeline(project, second):
    before = model_digest(project.volume / "served" / str(second[1]["version"]))
    span = project.volume / "span-2"
    span.mkdir()
    write_reviews(span / "reviews.csv", 240)
    exit_code, summary = project.on_cluster()
    assert exit_code == 0, summary["reasons"]
    assert summary["verdict"] == "PUSHED"
    assert summary["data"]["rows"] == 240
    assert states(summary)["CuratedSchema"] == "cached"
    assert states(summary)["TextExampleGen"] == states(summary)["Trainer"] == "done"
    latest = project.volume / "served" / str(summary["version"])
    assert int(latest.name) > int(second[1]["version"])
    assert model_digest(latest) != before


def test_a_runs_own_parameters_reach_its_steps_and_a_gate_that_is_missed_fails_the_run_as_not_blessed(project, second):
    served = project.versions()
    high = "gates.metrics.accuracy.at_least=0.999"
    exit_code, summary = project.on_cluster(high, parameters=("epochs=2", "span=1"))
    assert exit_code == 3
    assert summary["verdict"] == "NOT BLESSED"
    assert re.fullmatch(r"accuracy 0\.\d+ < 0\.9990 \(overall\)", summary["reasons"][0])
    assert states(summary)["Verdict"] == "failed"
    assert project.versions() == served
    assert summary["data"]["rows"] == 300  # of the first span, though there is a second
    history = json.loads(Path(summary["paths"]["training"], "history.json").read_text())
    assert len(history["epochs"]["loss"]) == 2
