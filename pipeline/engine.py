"""What executes the steps of a run on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from rich.console import Console

from components.beam_engine import BEAM_ARGS
from pipeline.config import Config
from pipeline.display import Display, busy
from pipeline.home import STORE_FILE
from pipeline.steps import Step
from pipeline.verdict import Outcome, read_outcome

_RECORDED = ("span", "data", "encoder", "served")  # of what lies outside


class Engine(Protocol):
    """What executes the steps of a run."""

    def prepare(self, run_id: str, console: Console) -> Mapping[str, Any]:
        """Whatever can be refused before the first step. Raises BertlineError.

        Gives what the run depends on, for its record: `code`, digests by step, and `outside`; each may be missing.
        """
        ...

    def execute(self, steps: list[Step], console: Console) -> Outcome:
        """Executes the pipeline, showing its steps, which it puts into `steps`; tells how it ended."""
        ...


class TfxEngine:
    """TFX's LocalDagRunner: all steps in this process."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def prepare(self, run_id: str, console: Console) -> Mapping[str, Any]:
        """Loads TensorFlow, checks the encoder, and fingerprints what lies outside. Raises BertlineError."""
        with busy(console, "loading TensorFlow and TFX"):
            # Ten seconds of imports, which a mistake in the configuration should not have to wait for.
            from pipeline.outside import observe
            from pipeline.preflight import check_encoder, check_training
        with busy(console, "preparing the encoder"):
            check_encoder(self._config)
            check_training(self._config)
            self._outside = observe(self._config, run_id)
        known = vars(self._outside)
        return {"code": self._outside.code, "outside": {name: known[name] for name in _RECORDED}}

    def execute(self, steps: list[Step], console: Console) -> Outcome:
        """Runs the pipeline, and tells its outcome from what its steps left."""
        from pipeline.local_runner import ObservedDagRunner
        from pipeline.pipeline import build_pipeline
        from pipeline.run_store import connection

        store = connection(self._config.pipeline.home / STORE_FILE)
        pipeline = build_pipeline(
            self._config, self._outside, metadata_connection_config=store, beam_pipeline_args=list(BEAM_ARGS)
        )
        steps.extend(Step(component.id) for component in pipeline.components)
        display = Display(console, steps)
        with display.showing():
            ObservedDagRunner(self._outside.run_id, steps, store, display).run(pipeline)
        return read_outcome(steps)
