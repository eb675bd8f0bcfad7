"""`bertline run`: a task from its configuration to its verdict, on this machine."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import fasteners
from rich.console import Console

from components.errors import ConfigError
from components.example_gen.sources import check_source
from pipeline.config import Config
from pipeline.failure import explain
from pipeline.quiet import logging_to
from pipeline.schema_file import read_schema
from pipeline.steps import Step
from pipeline.summary import print_outcome, summarise, write_summary
from pipeline.verdict import Outcome, stopped

_LOG = logging.getLogger(__name__)


def run(config: Config, summary_file: Path | None = None) -> Outcome:
    """Runs the task's pipeline, shows its steps, prints and returns the outcome.

    Whatever goes wrong once the run has begun ends it as STOPPED, with the cause; nothing is raised but what the user
    did to the terminal.

    Raises:
        BertlineError: the run could not begin: data, schema or settings do not fit, or another run is going on.
    """
    check_source(config.data.model_dump(mode="json"), config.labels.model_dump(mode="json"))
    read_schema(config.schema_file, config.labels)
    began = time.monotonic()
    run_id = datetime.now().strftime("%Y-%m-%dT%H-%M-%S.%f")
    home = config.pipeline.home
    log = home / "logs" / f"{run_id}.log"
    steps: list[Step] = []
    with _only_run(home), logging_to(log) as console:
        console.print(f"[bold]bertline[/] run of {config.pipeline.name}, log in {log}", highlight=False, soft_wrap=True)
        outcome = _attempt(config, run_id, steps, console)
        paths = _paths(home, log, steps, outcome)
        print_outcome(console, outcome, paths)
        if summary_file is not None:
            write_summary(summarise(outcome, steps, paths, time.monotonic() - began), summary_file)
    return outcome


def _attempt(config: Config, run_id: str, steps: list[Step], console: Console) -> Outcome:
    try:
        return _execute(config, run_id, steps, console)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  it is logged whole and told as the verdict
        _LOG.exception("stopped")
        return stopped(explain(error))


def _execute(config: Config, run_id: str, steps: list[Step], console: Console) -> Outcome:
    with console.status("loading TensorFlow and TFX"):
        # Ten seconds of imports, which a mistake in the configuration should not have to wait for.
        from pipeline.display import Display
        from pipeline.local_runner import BEAM_ARGS, ObservedDagRunner
        from pipeline.outside import observe
        from pipeline.pipeline import build_pipeline
        from pipeline.preflight import check_encoder
        from pipeline.published import score_published
        from pipeline.run_store import connection
        from pipeline.verdict import read_outcome
    with console.status("preparing the encoder"):
        check_encoder(config)
        outside = observe(config, run_id)
    store = connection(config.pipeline.home / "metadata.sqlite")
    pipeline = build_pipeline(config, outside, metadata_connection_config=store, beam_pipeline_args=list(BEAM_ARGS))
    steps.extend(Step(component.id) for component in pipeline.components)
    display = Display(console, steps)
    with display.showing():
        ObservedDagRunner(run_id, steps, store, display).run(pipeline)
    outcome = read_outcome(steps)
    if outcome.folder is None or outcome.digest is None:
        return outcome
    with console.status("loading the published model"):
        samples = score_published(outcome.folder, outcome.digest, config.samples)
    return outcome.with_samples(samples)


@contextmanager
def _only_run(home: Path) -> Iterator[None]:
    """Holds the pipeline's folder for this process, which a killed one lets go of by itself."""
    home.mkdir(parents=True, exist_ok=True)
    lock = fasteners.InterProcessLock(str(home / ".lock"))
    if not lock.acquire(blocking=False):
        raise ConfigError(f"another run of this pipeline is going on in {home}; wait for it, or set pipeline.root")
    try:
        yield
    finally:
        lock.release()


def _paths(home: Path, log: Path, steps: list[Step], outcome: Outcome) -> dict[str, str]:
    outputs = {f"{step.name}.{key}": uri for step in steps for key, uri in step.outputs.items()}
    named = {
        "served": outcome.folder,
        "evaluation": outputs.get("Evaluator.evaluation"),
        "training": outputs.get("Trainer.model_run"),
        "quarantine": outputs.get("TextExampleGen.quarantine"),
        "home": str(home),
        "log": str(log),
    }
    return {name: path for name, path in named.items() if path is not None}
