"""`python -m pipeline.kubeflow.container.observe`: looks at what lies outside a run, as the run begins.

What it writes are parameters of the steps that depend on it, so that Kubeflow's cache answers only while nothing
changed: see `pipeline.kubeflow.wiring`. It also says at once what is wrong with a run's own parameters, and begins the
record of the run.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from components.encoders.fingerprint import encoder_digest
from components.errors import BertlineError, ConfigError
from components.example_gen.fingerprint import data_digest
from components.example_gen.sources.registry import check_source
from components.example_gen.spans import read_span, resolve_span
from components.fetch.addresses import without_secrets
from components.model_folder import state_digest
from pipeline.config import Data, Encoder, Training
from pipeline.folders import make_folder
from pipeline.kubeflow import wiring
from pipeline.kubeflow.container import reports
from pipeline.kubeflow.container.executor_input import output_file, parameter_values
from pipeline.kubeflow.settings import OBSERVE
from pipeline.run_record import versions
from pipeline.section import checked
from pipeline.steps import State, Step
from pipeline.summary import Run
from pipeline.verdict import stopped

_STOPPED = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Observes; 0 where it did, 1 where something that the run needs is wrong or missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executor-input", required=True, type=json.loads, help="KFP's ExecutorInput")
    parser.add_argument("--reports", help="folder in which every run's report is kept")
    arguments = parser.parse_args(argv)
    executor_input, parameters = arguments.executor_input, parameter_values(arguments.executor_input)
    record = record_of(parameters)
    try:
        seen = observe(parameters)
    except BertlineError as error:
        click.echo(f"error: {error}", err=True)
        if arguments.reports is not None:
            _report(arguments.reports, record, error)
        return _STOPPED
    record["outside"] = seen
    if arguments.reports is not None:
        reports.begin_record(arguments.reports, record)
    for name, value in (seen | {wiring.RECORD: json.dumps(record, sort_keys=True)}).items():
        click.echo(f"{name}: {value}")
        Path(output_file(executor_input, name)).write_text(str(value), encoding="utf-8")
    return 0


def record_of(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The record of the run that begins now, with its configuration, over which its own parameters are laid.

    Args:
        parameters: as of `observe`; and `record`, what is known of every run of what was compiled, and `run`, its id.
    """
    config = json.loads(parameters[wiring.SETTINGS])
    config["training"]["epochs"] = parameters["epochs"]
    config["encoder"]["handle"] = parameters["encoder"]
    if wiring.SPAN in parameters:
        config["data"]["span"] = parameters[wiring.SPAN]
    own = {"config": without_secrets(config), "run_id": parameters[wiring.RunId.name]}
    started = datetime.now().astimezone().isoformat(timespec="seconds")
    return json.loads(parameters[wiring.RECORD]) | own | {"started": started, "versions": versions()}


def observe(parameters: Mapping[str, Any]) -> dict[str, str | int]:
    """The outputs of the task by name, but for the record.

    Args:
        parameters: `settings`, the configuration as JSON, and the run's own parameters.

    Raises:
        BertlineError: a parameter is not what the configuration accepts, data or encoder are not there, or nothing can
            be published.
    """
    sections = json.loads(parameters[wiring.SETTINGS])
    checked(Training, sections["training"] | {"epochs": parameters["epochs"]}, "training")
    encoder = checked(Encoder, sections["encoder"] | {"handle": parameters["encoder"]}, "encoder")
    data = checked(Data, sections["data"] | _span(parameters), "data")
    if parameters["encoder"] != sections["encoder"]["handle"] and encoder.vocab_file is not None:
        raise ConfigError(
            f"encoder: encoder.vocab_file {encoder.vocab_file} is compiled in, and belongs to "
            f"{sections['encoder']['handle']}; compile anew with the other encoder's"
        )
    make_folder(Path(sections["push"]["folder"]), "push.folder")
    span = resolve_span(data.path, data.span)
    read = data.model_dump(mode="json") | ({} if span is None else {"span": span})
    check_source(read, sections["labels"])
    seen: dict[str, str | int] = {
        wiring.DATA: data_digest(read),
        wiring.ENCODER: encoder_digest(encoder.handle, encoder.vocab_file),
        wiring.SERVED: state_digest(sections["push"]["folder"]),
    }
    return seen if span is None else seen | {wiring.SPAN: span}


def _report(folder: str, record: Mapping[str, Any], error: BertlineError) -> None:
    run = Run(record["pipeline"], record["run_id"], record["started"], [Step(OBSERVE, State.FAILED, seconds=None)])
    kept = reports.folder_of(folder, run.pipeline, run.run_id)
    reports.write_run_report(run, stopped(f"{OBSERVE} has failed: {error}"), record, kept)


def _span(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The span as the configuration has it: where data.path has no {SPAN}, the run has no such parameter."""
    return {"span": read_span(parameters[wiring.SPAN])} if wiring.SPAN in parameters else {}


if __name__ == "__main__":
    sys.exit(main())
