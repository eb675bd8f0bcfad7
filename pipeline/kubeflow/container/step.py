"""`python -m pipeline.kubeflow.container.step`: runs one of TFX's steps as TFX's own entry point does.

It takes that one's arguments, and two beside them: `--over` (see `executor_input`), and `--reports`, the folder in
which a run that this step ends is reported (see `reports`).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from components.errors import BertlineError, causes
from pipeline.display import Display
from pipeline.kubeflow.container.executor_input import for_tfx, from_tfx, lay_over
from pipeline.kubeflow.container.reports import report_failure
from pipeline.quiet import QuietConsole

_STOPPED = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the step; 0 where it ended well, 1 where it could not for a reason that the user can mend."""
    arguments, beam_args = _parse(argv)
    inputs_spec = json.loads(arguments.json_serialized_inputs_spec_args)
    given = arguments.json_serialized_invocation_args
    executor_input = for_tfx(json.loads(given), inputs_spec)
    arguments.json_serialized_invocation_args = json.dumps(lay_over(executor_input, arguments.over))
    try:
        _run(arguments, beam_args)
    except Exception as error:
        report_failure(arguments.reports, json.loads(given), error)
        told = next((cause for cause in causes(error) if isinstance(cause, BertlineError)), None)
        if told is None:
            raise
        click.echo(f"error: {told}", err=True)
        return _STOPPED
    _write_output(Path(executor_input["outputs"]["outputFile"]))
    return 0


def _run(arguments: argparse.Namespace, beam_args: list[str]) -> None:
    # After the arguments were understood: TFX takes ten seconds to import.
    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_run_executor

    with Display(QuietConsole(file=sys.stdout), []).showing():
        kubeflow_v2_run_executor.main((arguments, beam_args))


def _write_output(file: Path) -> None:
    file.write_text(json.dumps(from_tfx(json.loads(file.read_text(encoding="utf-8")))), encoding="utf-8")


def _parse(argv: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--executor_class_path", required=True, help="the executor, MODULE.CLASS")
    parser.add_argument("--json_serialized_invocation_args", required=True, help="KFP's ExecutorInput")
    parser.add_argument("--json_serialized_inputs_spec_args", required=True, help="the component's inputs")
    parser.add_argument("--over", action="append", default=[], metavar="PARAMETER:KEY.KEY=INPUT")
    parser.add_argument("--reports", help="folder in which every run's report is kept")
    return parser.parse_known_args(argv)


if __name__ == "__main__":
    sys.exit(main())
