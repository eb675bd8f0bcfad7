"""Report and Verdict as they are compiled, run as on a cluster after steps that only leave what they read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.trainer.files import HISTORY_FILE
from pipeline.kubeflow.container.outcome_file import read_outcome_file
from pipeline.kubeflow.document import parse_compiled
from pipeline.kubeflow.extra_tasks import REPORT_INPUTS, add_report, add_verdict
from pipeline.kubeflow.local import StepFailedError, run_compiled, steps_of
from pipeline.steps import State
from pipeline.verdict import Verdict, read_outcome
from tests.pipeline.kubeflow import clusters
from tests.pipeline.kubeflow.local import specs
from tests.pipeline.kubeflow.local.conftest import Recorder
from tests.pipeline.test_summary import EVALUATION, ended_steps
from tests.pipeline.test_training_account import RECORD as HISTORY

NOT_PUSHED = {"status": "not_blessed", "version": None, "folder": None, "digest": "d"}
RECORD = {"pipeline": "demo", "run_id": "run-1", "started": "2026-11-20T09:00:00+00:00", "config": {}}


def producers(left: Path) -> list[dict[str, Any]]:
    """Steps of these names, whose every output holds what lies in a folder."""
    made: dict[str, list[str]] = {}
    for name, (step, output) in REPORT_INPUTS.items():
        if name not in {"linear", "examples"}:
            made.setdefault(step, []).append(output)
    code = "import shutil\nfor name in {}: shutil.copytree({!r}, target(name))"
    return [specs.task(step, code.format(outputs, str(left)), made=outputs) for step, outputs in made.items()]


@pytest.fixture
def compiled(tmp_path):
    left = tmp_path / "left"
    left.mkdir()
    ended_steps(left, EVALUATION, NOT_PUSHED)
    (left / HISTORY_FILE).write_text(json.dumps(HISTORY))
    observe = specs.task("Observe", f"give('record', {json.dumps(RECORD)!r})", outputs={"record": "STRING"})
    spec, platform = yaml.safe_load_all(specs.text(observe, *producers(left)))
    config = clusters.local(tmp_path)
    add_report(spec, config, clusters.IMAGE)
    add_verdict(spec, clusters.IMAGE)
    container = spec["deploymentSpec"]["executors"]["Report_executor"]["container"]
    container["args"].append(f"--reports={tmp_path}/reports")
    return parse_compiled(yaml.safe_dump_all([spec, platform]), "test.yaml")


def test_a_model_that_is_not_blessed_fails_the_run_after_its_outcome_is_stored(compiled, tmp_path):
    steps = steps_of(compiled)
    with pytest.raises(StepFailedError) as failed:
        run_compiled(compiled, tmp_path / "home", {}, Recorder(), steps=steps)
    assert (failed.value.step, failed.value.exit_code) == ("Verdict", 3)
    told = failed.value.log.read_text()
    for words in ("NOT BLESSED because accuracy 0.7800 < 0.8500 (overall)", "100 rows", "trained 2 epochs"):
        assert words in told
    known = {step.name: step for step in steps}
    assert known["Report"].state is State.DONE
    outcome, _ = read_outcome_file(Path(known["Report"].outputs["outcome"]))
    assert outcome.verdict is Verdict.NOT_BLESSED
    assert json.loads((tmp_path / "reports" / "demo" / "run-1" / "run.json").read_text())["verdict"] == "NOT BLESSED"


def test_what_the_steps_left_is_there_for_a_report_of_this_machine(compiled, tmp_path):
    """Whoever runs what was compiled here reports it too, from the folders of the object store."""
    steps = steps_of(compiled)
    with pytest.raises(StepFailedError):
        run_compiled(compiled, tmp_path / "home", {}, Recorder(), steps=steps)
    assert read_outcome(steps).verdict is Verdict.NOT_BLESSED
    outputs = [output for step in steps for output in step.outputs.values() if step.name not in {"Report", "Observe"}]
    assert outputs
    assert all((Path(output) / "summary.json").exists() for output in outputs)
