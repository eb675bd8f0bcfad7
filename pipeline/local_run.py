"""`bertline run`: a task from its configuration to its verdict, on this machine."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from components.encoders.fingerprint import encoder_digest
from components.example_gen.sources.registry import check_source
from pipeline.config import Config
from pipeline.display import busy
from pipeline.engine import Engine, TfxEngine
from pipeline.failure import explain, report_of
from pipeline.folders import make_folder
from pipeline.home import LOG, LOGS, RUN_ID_FORMAT
from pipeline.only_run import only_run
from pipeline.quiet import logging_to
from pipeline.reporting import Recorder
from pipeline.schema_file import read_schema
from pipeline.sigterm import sigterm_as_interrupt
from pipeline.summary import GATE, Run, print_outcome, summarise, write_summary
from pipeline.verdict import NOT_ENDED, Outcome, stopped

Samples = Sequence[str | tuple[str, str]]
_LOG = logging.getLogger(__name__)


def run(config: Config, summary_file: Path | None = None, engine: Engine | None = None) -> Outcome:
    """Runs the task's pipeline, shows its steps, prints and returns the outcome.

    Args:
        config: the task.
        summary_file: where the outcome is written as JSON.
        engine: what executes the steps; TFX's own local runner where it is left out.

    Whatever goes wrong once the first step has begun ends the run as STOPPED, with the cause.

    Raises:
        BertlineError: the run could not begin: data, schema, encoder or settings do not fit, or another run is going
            on.
    """
    check_at_once(config)
    began = time.monotonic()
    now = datetime.now().astimezone()
    this = Run(config.pipeline.name, now.strftime(RUN_ID_FORMAT), now.isoformat(timespec="seconds"))
    home = config.pipeline.home
    log = home / LOGS / LOG.format(this.run_id)
    make_folder(home, "pipeline.root")
    with only_run(home, "pipeline.root"), sigterm_as_interrupt(), logging_to(log) as console:
        make_folder(config.push_folder, "push.folder")
        console.print(Text.assemble(("bertline", "bold"), f" run of {this.pipeline}, log in {log}"), soft_wrap=True)
        _record(this, stopped(NOT_ENDED), began, summary_file)  # what stays if this process is killed
        recorder = Recorder(config, this)
        outcome = _attempt(engine or TfxEngine(config), this, config.samples, console, recorder)
        with busy(console, "writing the report"):
            problem = recorder.end(outcome, time.monotonic() - began)
        this.paths.update(_paths(this, outcome, home, log))
        if problem is not None:
            console.print(f"note: {problem}", soft_wrap=True)
        try:
            _record(this, outcome, began, summary_file)
        finally:
            print_outcome(console, this, outcome)
    return outcome


def check_at_once(config: Config) -> None:
    """Looks for whatever can be seen to be wrong without loading TensorFlow. Raises BertlineError."""
    check_source(config.data.model_dump(mode="json"), config.labels.model_dump(mode="json"))
    read_schema(config)
    encoder_digest(config.encoder.handle, config.encoder.vocab_file)


def _record(this: Run, outcome: Outcome, began: float, summary_file: Path | None) -> None:
    if summary_file is not None:
        write_summary(summarise(this, outcome, time.monotonic() - began), summary_file)


def _attempt(engine: Engine, this: Run, samples: Samples, console: Console, recorder: Recorder) -> Outcome:
    """Prepares and executes. Raises BertlineError where it could not even be prepared; whatever else goes wrong is told
    as the outcome.
    """
    try:
        recorder.begin(engine.prepare(this.run_id, console))
    except KeyboardInterrupt as error:
        return stopped(explain(error))
    try:
        outcome = engine.execute(this.steps, console)
        return _with_samples(outcome, samples, console)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  it is logged whole and told as the verdict
        _LOG.exception("stopped")
        if (report := report_of(error)) is not None:
            this.paths[GATE] = report
        return stopped(explain(error), this.steps)


def _with_samples(outcome: Outcome, texts: Samples, console: Console) -> Outcome:
    """The outcome of a run that published, once the published version was found complete and was asked."""
    if outcome.folder is None or outcome.digest is None:
        return outcome
    from pipeline.published import score_published

    with busy(console, "loading the published model"):
        return outcome.with_samples(score_published(outcome.folder, outcome.digest, texts))


def _paths(this: Run, outcome: Outcome, home: Path, log: Path) -> dict[str, str]:
    named = {
        "served": outcome.folder,
        "evaluation": this.output("Evaluator", "evaluation"),
        "training": this.output("Trainer", "model_run"),
        "quarantine": this.output("TextExampleGen", "quarantine"),
        "home": str(home),
        "log": str(log),
    }
    return {name: path for name, path in named.items() if path is not None}
