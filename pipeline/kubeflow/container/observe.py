"""`python -m pipeline.kubeflow.container.observe`: looks at what lies outside a run, as the run begins.

What it writes are parameters of the steps that depend on it, so that Kubeflow's cache answers only while nothing
changed: see `pipeline.kubeflow.wiring`. It also says at once what is wrong with a run's own parameters.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from components.encoders.fingerprint import encoder_digest
from components.errors import BertlineError, ConfigError
from components.example_gen.fingerprint import data_digest
from components.example_gen.sources.registry import check_source
from components.example_gen.spans import read_span, resolve_span
from components.model_folder import state_digest
from pipeline.config import Data, Encoder, Training
from pipeline.folders import make_folder
from pipeline.kubeflow import wiring
from pipeline.kubeflow.container.executor_input import output_file, parameter_values
from pipeline.section import checked

_STOPPED = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Observes; 0 where it did, 1 where something that the run needs is wrong or missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executor-input", required=True, type=json.loads, help="KFP's ExecutorInput")
    executor_input = parser.parse_args(argv).executor_input
    try:
        seen = observe(parameter_values(executor_input))
    except BertlineError as error:
        click.echo(f"error: {error}", err=True)
        return _STOPPED
    for name, value in seen.items():
        click.echo(f"{name}: {value}")
        Path(output_file(executor_input, name)).write_text(str(value), encoding="utf-8")
    return 0


def observe(parameters: Mapping[str, Any]) -> dict[str, str | int]:
    """The outputs of the task by name.

    Args:
        parameters: `settings`, the sections of the configuration as JSON, and the run's own parameters.

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


def _span(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The span as the configuration has it: where data.path has no {SPAN}, the run has no such parameter."""
    return {"span": read_span(parameters[wiring.SPAN])} if wiring.SPAN in parameters else {}


if __name__ == "__main__":
    sys.exit(main())
