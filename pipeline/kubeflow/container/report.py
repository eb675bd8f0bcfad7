"""`python -m pipeline.kubeflow.container.report`: judges a run whose every step has ended, and writes its report.

It ends well whatever the verdict is, since KFP keeps the outputs of no step that fails; Verdict, which comes after it,
fails where the model was not blessed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from components.errors import BertlineError
from pipeline.kubeflow import wiring
from pipeline.kubeflow.container import reports
from pipeline.kubeflow.container.executor_input import artifact_path, output_path, parameter_values
from pipeline.kubeflow.container.outcome_file import write_outcome
from pipeline.kubeflow.extra_tasks import HTML, NUMBERS, OUTCOME, REPORT_INPUTS, SAMPLES
from pipeline.run_record import NUMBERS_FILE, REPORT_FILE
from pipeline.steps import State, Step
from pipeline.summary import Run
from pipeline.verdict import Outcome, read_outcome, stopped


def main(argv: Sequence[str] | None = None) -> int:
    """Judges and reports; 0, whatever the verdict is and whether or not a report could be drawn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executor-input", required=True, type=json.loads, help="KFP's ExecutorInput")
    parser.add_argument("--reports", help="folder in which every run's report is kept")
    arguments = parser.parse_args(argv)
    executor_input, parameters = arguments.executor_input, parameter_values(arguments.executor_input)
    record = json.loads(parameters[wiring.RECORD])
    steps = steps_of(executor_input, REPORT_INPUTS)
    outcome = judge(steps, json.loads(parameters[SAMPLES]))
    served = {} if outcome.folder is None else {"served": outcome.folder}
    run = Run(record["pipeline"], record["run_id"], record["started"], steps, served)
    with tempfile.TemporaryDirectory() as scratch:
        written = reports.write_run_report(run, outcome, record, Path(scratch))
        kept = _keep(Path(scratch), _folder(arguments.reports, run)) if written else None
        paths = served | (_hand_over(executor_input, Path(scratch), kept) if written else {})
    write_outcome(outcome, paths, Path(output_path(executor_input, OUTCOME)))
    click.echo(outcome.sentence)
    return 0


def steps_of(executor_input: Mapping[str, Any], inputs: Mapping[str, tuple[str, str]]) -> list[Step]:
    """The steps whose outputs are inputs of a task, with these outputs' local folders; how long they took, KFP knows.

    Args:
        executor_input: the task's; it need not have every one of `inputs`.
        inputs: the step that made it and the step's output, by the input's name.
    """
    given = executor_input["inputs"]["artifacts"]
    outputs: dict[str, dict[str, str]] = {}
    for name, (step, output) in inputs.items():
        if name in given:
            outputs.setdefault(step, {})[output] = artifact_path(executor_input, name)
    return [Step(step, State.DONE, seconds=None, outputs=found) for step, found in outputs.items()]


def judge(steps: Sequence[Step], samples: Sequence[str]) -> Outcome:
    """How the run ended; what was pushed is loaded and asked first."""
    outcome = read_outcome(steps)
    if outcome.folder is None or outcome.digest is None:
        return outcome
    from pipeline.published import score_published  # TensorFlow

    try:
        return outcome.with_samples(score_published(outcome.folder, outcome.digest, samples))
    except BertlineError as error:
        return stopped(str(error), steps)


def _folder(kept: str | None, run: Run) -> Path | None:
    return None if kept is None else reports.folder_of(kept, run.pipeline, run.run_id)


def _keep(made: Path, folder: Path | None) -> Path | None:
    """Copies the report to where the cluster keeps them; the folder, None where there is none or it takes nothing."""
    if folder is None:
        return None
    try:
        shutil.copytree(made, folder, dirs_exist_ok=True)
    except OSError as error:
        click.echo(f"the report could not be kept in {folder}: {error}", err=True)
        return None
    return folder


def _hand_over(executor_input: Mapping[str, Any], made: Path, kept: Path | None) -> dict[str, str]:
    """Makes the report an output of the task; where people find it. A run that has published fails by nothing here."""
    try:
        for output, file in ((NUMBERS, NUMBERS_FILE), (HTML, REPORT_FILE)):
            shutil.copyfile(made / file, output_path(executor_input, output))
    except OSError as error:
        click.echo(f"the report could not be handed over: {error}", err=True)
        return {} if kept is None else {"report": str(kept / REPORT_FILE)}
    uri = executor_input["outputs"]["artifacts"][HTML]["artifacts"][0]["uri"]
    return {"report": uri if kept is None else str(kept / REPORT_FILE)}


if __name__ == "__main__":
    sys.exit(main())
