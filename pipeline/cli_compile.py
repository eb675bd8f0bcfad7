"""`bertline compile`: a task as Kubeflow Pipelines takes it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from components.errors import BertlineError
from pipeline.cli_options import config_arguments, need_pipeline, refuse

if TYPE_CHECKING:
    from pipeline.config import Config

_NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("compile", short_help="Compile a task for Kubeflow Pipelines.")
@config_arguments
@click.option("--output", type=_NEW_FILE, help="File for what is compiled.  [default: NAME.yaml]")
@click.option("--run-local", is_flag=True, help="Run what would be submitted on this machine, step by step.")
@click.option("--summary", type=_NEW_FILE, help="Write the outcome of the local run as JSON.")
def compile_command(
    config: str,
    layers: tuple[str, ...],
    overrides: tuple[str, ...],
    output: Path | None,
    run_local: bool,
    summary: Path | None,
) -> None:
    """Compile CONFIG, a task's name (demo) or a YAML file, for Kubeflow Pipelines (version 2).

    The file is what `bertline submit`, kfp and the dashboard take. With --run-local it is run here instead, each step
    in a process of its own with the file's commands, and the exit code is that of `bertline run`.
    """
    need_pipeline()
    from pipeline.config_file import load_config

    try:
        if run_local:
            sys.exit(_run_local(load_config(config, overrides, layers), summary))
        _compile(load_config(config, overrides, layers), output)
    except BertlineError as error:
        refuse(error)


def _compile(config: Config, output: Path | None) -> None:
    from pipeline.display import busy
    from pipeline.quiet import QuietConsole

    with busy(QuietConsole(stderr=True), "loading TensorFlow and TFX"):
        from pipeline.kubeflow.compile import compile_pipeline, write_compiled
    compiled = compile_pipeline(config)
    path = output or Path(f"{compiled.name}.yaml")
    write_compiled(compiled, path)
    given = compiled.spec.root.input_definitions.parameters
    click.echo(f"{path}: {len(compiled.spec.root.dag.tasks)} steps, parameters {', '.join(sorted(given))}")
    click.echo(f"bertline submit {path}")


def _run_local(config: Config, summary: Path | None) -> int:
    from pipeline.kubeflow.compiled_engine import CompiledEngine
    from pipeline.local_run import run

    return run(config, summary, CompiledEngine(config)).verdict.exit_code
