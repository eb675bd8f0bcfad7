"""What a run keeps of itself: a record, written when it begins and when it ends, and its report."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.fetch.addresses import without_secrets
from components.rounded import rounded
from pipeline.config import Config
from pipeline.home import REPORTS
from pipeline.run_record import REPORT_FILE, versions, write_record
from pipeline.summary import GATE, Run
from pipeline.verdict import NOT_ENDED, Outcome, stopped

_LOG = logging.getLogger(__name__)


def report_folder(home: Path, run_id: str) -> Path:
    """Where a run keeps its record and its report."""
    return home / REPORTS / run_id


class Recorder:
    """Keeps the record of a run that goes on, and writes its report.

    Neither may cost a run its verdict: what cannot be written is logged, and told by `end`.
    """

    def __init__(self, config: Config, run: Run) -> None:
        self._config, self._run = config, run
        self._folder = report_folder(config.pipeline.home, run.run_id)
        self._depends_on: Mapping[str, Any] = {}

    def begin(self, depends_on: Mapping[str, Any]) -> None:
        """Writes the record of a run that has not ended, which stays where this process is killed.

        Args:
            depends_on: `code`, the digest of each step's, and `outside`, those of data, encoder and the like.
        """
        self._depends_on = depends_on
        try:
            write_record(self._folder, self._record(stopped(NOT_ENDED), None))
        except Exception:  # noqa: BLE001  a record must not cost a run its beginning
            _LOG.exception("the record of the run cannot be written")

    def end(self, outcome: Outcome, seconds: float) -> str | None:
        """Writes record and report; the report's path is then among the run's. Gives a sentence where that failed."""
        try:
            record = self._record(outcome, round(seconds, 1))
            write_record(self._folder, record)
            self._run.paths["report"] = str(write_report(self._run, outcome, record, self._folder / REPORT_FILE))
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  a report must not change how the run ended
            _LOG.exception("no report")
            return f"there is no report of this run: {type(error).__name__}: {error}"
        return None

    def _record(self, outcome: Outcome, seconds: float | None) -> dict[str, Any]:
        return {
            "pipeline": self._run.pipeline,
            "run_id": self._run.run_id,
            "started": self._run.started,
            "verdict": outcome.verdict.value,
            "reasons": outcome.reasons,
            "version": outcome.version,
            "seconds": seconds,
            "steps": {step.name: rounded(step.elapsed, 3) for step in self._run.steps},
            "config": without_secrets(self._config.model_dump(mode="json", by_alias=True)),
            "code": dict(self._depends_on.get("code", {})),
            "outside": dict(self._depends_on.get("outside", {})),
            "versions": versions(),
            "samples": [vars(scored) for scored in outcome.samples],
            "paths": {GATE: self._run.paths[GATE]} if GATE in self._run.paths else {},
        }


def write_report(
    run: Run,
    outcome: Outcome,
    record: Mapping[str, Any],
    destination: Path,
    *,
    unended: str | None = None,
    knows_steps: bool = True,
) -> Path:
    """Writes the report of a run as a page, and beside it, ending in `.json`, its numbers; gives the page's path.

    Args:
        run: the run, with its steps and where their results lie.
        outcome: how it ended.
        record: what it noted of itself (`run.json`); what is missing there is said to be so.
        destination: the page's file.
        unended: of a run that has not ended, the word that says so in place of a verdict.
        knows_steps: whether the run's steps are all that were begun; else nothing is known of any.

    Raises:
        OSError: it cannot be written.
    """
    from components.report.told import Step, Told
    from components.report.write import write

    paths = {**(record.get("paths") or {}), **run.paths}
    told = Told(
        task=run.pipeline,
        run_id=run.run_id,
        started=run.started,
        seconds=record.get("seconds"),
        verdict=unended or outcome.verdict.value,
        sentence=f"{unended}: {'; '.join(outcome.reasons)}" if unended else outcome.sentence,
        reasons=outcome.reasons,
        steps=[Step(step.name, step.state.value, step.elapsed, step.outputs) for step in run.steps],
        knows_steps=knows_steps,
        version=outcome.version,
        folder=outcome.folder,
        config=record.get("config", {}),
        record=record,
        evaluation=outcome.evaluation,
        serving=outcome.serving,
        gate=paths.get(GATE),
        samples=[vars(scored) for scored in outcome.samples] or record.get("samples", []),
    )
    return write(told, destination)
