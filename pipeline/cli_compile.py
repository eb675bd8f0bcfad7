"""`bertline compile`: a task as Kubeflow Pipelines takes it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from components.errors import BertlineError
from pipeline.cli_options import NEW_FILE, config_arguments, need_pipeline, refuse

if TYPE_CHECKING:
    from pipeline.config import Config


@click.command("compile", short_help="Compile a task for Kubeflow Pipelines.")
@config_arguments
@click.option("--output", type=NEW_FILE, help="File for what is compiled.  [default: NAME-pipeline.yaml]")
@click.option("--run-local", is_flag=True, help="Run what would be submitted on this machine, step by step.")
@click.option(
    "--param", "parameters", metavar="NAME=VALUE", multiple=True, help="Set a parameter of the local run: epochs=2."
)
@click.option("--summary", type=NEW_FILE, help="Write the outcome of the local run as JSON.")
def compile_command(
    config: str,
    layers: tuple[str, ...],
    overrides: tuple[str, ...],
    output: Path | None,
    run_local: bool,
    parameters: tuple[str, ...],
    summary: Path | None,
) -> None:
    """Compile CONFIG, a task's name (demo) or a YAML file, for Kubeflow Pipelines (version 2).

    The file is what `bertline submit`, kfp and the dashboard take. With --run-local it is run here instead, each step
    in a process of its own with the file's commands, and the exit code is that of `bertline run`.
    """
    need_pipeline()
    if run_local and output is not None:
        raise click.UsageError("--output writes a file, and --run-local runs what is compiled; give one of them.")
    if not run_local and (summary is not None or parameters):
        raise click.UsageError("--summary and --param are of the local run; give --run-local as well.")
    from pipeline.config_file import load_config

    try:
        if run_local:
            sys.exit(_run_local(load_config(config, overrides, layers), parameters, summary))
        _compile(load_config(config, overrides, layers), output)
    except BertlineError as error:
        refuse(error)


def _compile(config: Config, output: Path | None) -> None:
    from pipeline.kubeflow.quiet_compile import compile_quietly

    compiled = compile_quietly(config)
    from pipeline.kubeflow.compile import write_compiled  # TensorFlow, which has printed by now

    path = output or Path(f"{compiled.name}-pipeline.yaml")
    write_compiled(compiled, path)
    given = compiled.spec.root.input_definitions.parameters
    click.echo(f"{path}: {len(compiled.spec.root.dag.tasks)} steps, parameters {', '.join(sorted(given))}")
    click.echo(f"bertline submit {path}")


def _run_local(config: Config, parameters: tuple[str, ...], summary: Path | None) -> int:
    from pipeline.kubeflow.compiled_engine import CompiledEngine
    from pipeline.local_run import run

    return run(config, summary, CompiledEngine(config, parameters)).verdict.exit_code
