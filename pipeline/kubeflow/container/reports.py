"""Writes the report of a run from inside a step, and keeps it where it outlives the step's pod.

KFP's launcher uploads the outputs of a step that ends well, and of no other (backend/src/v2/component/launcher_v2.go,
executeV2: it returns before uploadOutputArtifacts). So the report of a run that a step stops goes to a volume, if the
cluster has one for it (`kubeflow.reports`), by the hand of that step.

A report that cannot be written is told in the log, and changes nothing else: the run ends as it ends.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from pipeline.failure import explain, report_of
from pipeline.kubeflow.container.origin import own_origin, steps_behind
from pipeline.run_record import RECORD_FILE, REPORT_FILE, write_record
from pipeline.steps import State, Step
from pipeline.summary import GATE, Run
from pipeline.verdict import NOT_ENDED, Outcome, stopped


def folder_of(reports: str, pipeline: str, run_id: str) -> Path:
    """Where the report of a run is kept."""
    return Path(reports, pipeline, run_id)


def write_run_report(run: Run, outcome: Outcome, record: Mapping[str, Any], folder: Path) -> bool:
    """Writes report, numbers and the record of how the run ended into the folder; whether it could."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ended = _ended(record, outcome)
        write_record(folder, ended)
        _report(run, outcome, ended, folder)
    except Exception:  # noqa: BLE001  the run's own end is what counts
        click.echo(f"the report could not be written to {folder}:\n{traceback.format_exc()}", err=True)
        return False
    return True


def begin_record(reports: str, record: Mapping[str, Any]) -> None:
    """Leaves the record of a run that begins, which is what stays if all its pods are lost."""
    folder = folder_of(reports, record["pipeline"], record["run_id"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_record(folder, _ended(record, stopped(NOT_ENDED)))
    except OSError as error:
        click.echo(f"the run's record could not be written to {folder}: {error}", err=True)


def report_failure(reports: str | None, executor_input: Mapping[str, Any], error: BaseException) -> None:
    """Reports the run as STOPPED by this step's error, with what the step knows: its inputs, and the run's record.

    Args:
        reports: the cluster's folder of reports, None where it has none.
        executor_input: the step's ExecutorInput as JSON.
        error: what ended the step.
    """
    if reports is None:
        return
    try:
        here = own_origin(executor_input)
        folder = folder_of(reports, here.pipeline, here.run_id)
        record = {"pipeline": here.pipeline, "run_id": here.run_id, "started": _now(), **_read_record(folder)}
        steps = [*steps_behind(executor_input), Step(here.step, State.FAILED, seconds=None)]
        outcome = stopped(f"{here.step} has failed: {explain(error)}", steps)
    except Exception:  # noqa: BLE001  the step's own error is what counts
        click.echo(f"the report could not be written to {reports}:\n{traceback.format_exc()}", err=True)
        return
    gate = report_of(error)
    paths = {} if gate is None else {GATE: gate}
    write_run_report(Run(here.pipeline, here.run_id, record["started"], steps, paths), outcome, record, folder)


def _report(run: Run, outcome: Outcome, record: Mapping[str, Any], folder: Path) -> None:
    from pipeline.reporting import write_report  # only now: it loads what draws

    write_report(run, outcome, record, folder / REPORT_FILE)


def _ended(record: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
    """The record with how the run ended, but for the paths of a pod that will be gone."""
    now, started = datetime.now().astimezone(), datetime.fromisoformat(record["started"])
    return {
        **record,
        "verdict": outcome.verdict.value,
        "reasons": outcome.reasons,
        "version": outcome.version,
        "seconds": round((now - started).total_seconds(), 1),
        "samples": [vars(scored) for scored in outcome.samples],
    }


def _read_record(folder: Path) -> dict[str, Any]:
    """The record that Observe left; empty where there is none."""
    file = folder / RECORD_FILE
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
