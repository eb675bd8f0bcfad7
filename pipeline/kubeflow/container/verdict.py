"""`python -m pipeline.kubeflow.container.verdict`: says how a run ended, as its last task.

The task fails where the model was not blessed, so that nobody takes a run that pushed nothing for a success.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from pipeline.kubeflow.container.executor_input import artifact_path
from pipeline.kubeflow.container.outcome_file import read_outcome_file
from pipeline.kubeflow.container.report import steps_of
from pipeline.kubeflow.extra_tasks import OUTCOME, VERDICT_INPUTS
from pipeline.quiet import QuietConsole
from pipeline.summary import Run, print_outcome

_WIDTH = 120


def main(argv: Sequence[str] | None = None) -> int:
    """Prints tables and verdict, and gives the verdict's exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executor-input", required=True, type=json.loads, help="KFP's ExecutorInput")
    executor_input = parser.parse_args(argv).executor_input
    outcome, paths = read_outcome_file(Path(artifact_path(executor_input, OUTCOME)))
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    run = Run("", "", now, steps_of(executor_input, VERDICT_INPUTS), paths)
    print_outcome(QuietConsole(file=sys.stdout, width=_WIDTH, markup=False, highlight=False), run, outcome)
    return outcome.verdict.exit_code


if __name__ == "__main__":
    sys.exit(main())
