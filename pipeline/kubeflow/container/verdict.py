"""`python -m pipeline.kubeflow.container.verdict`: says how a run ended, as its last task.

The task fails where the model was not blessed, so that nobody takes a run that pushed nothing for a success.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from components.errors import BertlineError
from pipeline.kubeflow.container.executor_input import artifact_path, parameter_values
from pipeline.kubeflow.extra_tasks import SAMPLES, VERDICT_INPUTS
from pipeline.quiet import QuietConsole
from pipeline.steps import State, Step
from pipeline.summary import Run, print_outcome
from pipeline.verdict import Outcome, read_outcome, stopped

_WIDTH = 120


def main(argv: Sequence[str] | None = None) -> int:
    """Prints tables and verdict, and gives the verdict's exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executor-input", required=True, type=json.loads, help="KFP's ExecutorInput")
    executor_input = parser.parse_args(argv).executor_input
    steps = steps_of(executor_input)
    outcome = judge(steps, json.loads(parameter_values(executor_input)[SAMPLES]))
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    run = Run("", "", now, steps, {} if outcome.folder is None else {"served": outcome.folder})
    print_outcome(QuietConsole(file=sys.stdout, width=_WIDTH, markup=False, highlight=False), run, outcome)
    return outcome.verdict.exit_code


def steps_of(executor_input: Mapping[str, Any]) -> list[Step]:
    """The steps whose outputs are this task's inputs, with these outputs' local folders."""
    outputs: dict[str, dict[str, str]] = {}
    for name, (step, output) in VERDICT_INPUTS.items():
        outputs.setdefault(step, {})[output] = artifact_path(executor_input, name)
    return [Step(step, State.DONE, outputs=found) for step, found in outputs.items()]


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


if __name__ == "__main__":
    sys.exit(main())
