"""A past run, from ML Metadata, what its steps left, and the record that it keeps.

What another version of the code left out is as if there were none. What is damaged makes the run UNREADABLE, alone.
"""

from __future__ import annotations

import dataclasses
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from components.data_gate.files import ANOMALIES_FILE
from components.errors import ConfigError
from components.evaluator.verdict import VERDICT_FILE
from components.example_gen.files import SUMMARY_FILE
from components.pusher.files import PUSH_FILE
from components.serving_check.check import REPORT_FILE
from components.trainer.files import HISTORY_FILE
from pipeline.history.record import Record, RecordError, read_left, read_record, read_sound
from pipeline.history.shapes import Checked, Judged, Pushed, Rows, RunRecord
from pipeline.history.store import read_home
from pipeline.home import ARTIFACTS, LOG, LOGS, REPORTS, RUN_ID_FORMAT
from pipeline.run_record import RECORD_FILE
from pipeline.run_store import Stored, StoredArtifact, StoredExecution, StoredRun
from pipeline.steps import State, Step
from pipeline.summary import GATE, Run
from pipeline.verdict import NOT_ENDED, LeftBehind, Outcome, Verdict, outcome_of, stopped_with

RUNNING, INTERRUPTED, UNREADABLE = "RUNNING", "INTERRUPTED", "UNREADABLE"
# Outputs that are read by a file of theirs: without it they are as good as none.
_READ_BY = {
    ("TextExampleGen", "quarantine"): SUMMARY_FILE,
    ("Trainer", "model_run"): HISTORY_FILE,
    ("DataGate", "blessing"): ANOMALIES_FILE,
}


@dataclasses.dataclass(frozen=True)
class PastRun:
    """A run that was begun at some time.

    Attributes:
        home: the folder of its task's runs.
        run, outcome: as they were at its end.
        state: its verdict, or RUNNING, or INTERRUPTED where it was killed, or UNREADABLE.
        began: when.
        record: what it recorded of itself, empty where it did not.
        stored: what ML Metadata has of it, None where it was ended before its first step.
        damage: which file cannot be read, and what can be done; `run` and `outcome` are then what the store says.
    """

    home: Path
    run: Run
    outcome: Outcome
    state: str
    began: datetime
    record: Record
    stored: StoredRun | None
    damage: str | None = None


def read_past_run(home: Path, run_id: str) -> tuple[Run, Outcome]:
    """A past run as it was at its end; one that was killed, or still goes on, is STOPPED, since it has not ended.

    Args:
        home: the folder of the task's runs, ROOT/NAME.
        run_id: the run's id, whole.

    Raises:
        ConfigError: there is no such run, or the store cannot be read.
        RecordError: a file that it left is damaged.
    """
    stored = read_home(home)
    run = next((one for one in stored.runs if one.run_id == run_id), None)
    if run is None and not read_record(home, run_id):
        raise ConfigError(f"there is no run {run_id} in {home}; `bertline runs {home.name}` lists them")
    past = rebuild(home, stored, run or run_id)
    return past.run, past.outcome


def rebuild(home: Path, stored: Stored, of: StoredRun | str, live: str | None = None) -> PastRun:
    """A past run.

    Args:
        home: the folder of the task's runs.
        stored: what the store has.
        of: the run in it, or the id of one that is known by its record alone.
        live: the id of the run that goes on now.

    Raises:
        RecordError: a file that it left is damaged.
    """
    run_id, in_store = (of, None) if isinstance(of, str) else (of.run_id, of)
    record, last = read_record(home, run_id), _last_executions(in_store)
    left = _left_behind(stored, in_store)
    outcome = _outcome(left, record, _failure(home, run_id, last))
    is_live = run_id == live
    state = outcome.verdict.value if outcome else RUNNING if is_live else INTERRUPTED
    outcome = outcome or stopped_with([NOT_ENDED], left)
    began = _began(run_id, in_store, record)
    run = Run(home.name, run_id, began.isoformat(timespec="seconds"), _steps(stored, last, record, is_live))
    run.paths.update(_paths(home, run, outcome, last))
    # `run` itself reads the account of rows as it is.
    read_left(_output(stored, in_store, "TextExampleGen", "quarantine"), SUMMARY_FILE, Rows)
    return PastRun(home, run, outcome, state, began, record, in_store)


def unreadable(home: Path, stored: Stored, of: StoredRun | str, live: str | None, damage: str) -> PastRun:
    """A past run of which `rebuild` found a file to be damaged: what is known without the files of its steps."""
    run_id, in_store = (of, None) if isinstance(of, str) else (of.run_id, of)
    record = read_sound(home / REPORTS / run_id, RECORD_FILE, RunRecord) or {}
    artifact = _artifact(stored, in_store, "Pusher", "pushed_model")
    outcome = stopped_with([damage], LeftBehind(None, None, _told_of_push(artifact) if artifact else None))
    began = _began(run_id, in_store, record)
    run = Run(home.name, run_id, began.isoformat(timespec="seconds"))
    state = RUNNING if run_id == live else UNREADABLE
    return PastRun(home, run, outcome, state, began, record, in_store, damage)


def past_run(home: Path, stored: Stored, of: StoredRun | str, live: str | None = None) -> PastRun:
    """The same as `rebuild`, but that a run with a damaged file is UNREADABLE."""
    try:
        return rebuild(home, stored, of, live)
    except RecordError as error:
        return unreadable(home, stored, of, live, str(error))


def _last_executions(stored: StoredRun | None) -> list[StoredExecution]:
    """The last execution of each step, in the order in which they began."""
    return list({one.step: one for one in stored.executions}.values()) if stored else []


def _left_behind(stored: Stored, run: StoredRun | None) -> LeftBehind:
    return LeftBehind(
        evaluation=_with_reasons(read_left(_output(stored, run, "Evaluator", "blessing"), VERDICT_FILE, Judged)),
        serving=_with_reasons(read_left(_output(stored, run, "ServingCheck", "blessing"), REPORT_FILE, Checked)),
        push=_push(stored, run),
    )


def _output(stored: Stored, run: StoredRun | None, step: str, key: str) -> str | None:
    artifact = _artifact(stored, run, step, key)
    return artifact.uri if artifact else None


def _artifact(stored: Stored, run: StoredRun | None, step: str, key: str) -> StoredArtifact | None:
    execution = run.execution(step) if run else None
    number = execution.outputs.get(key) if execution else None
    return stored.artifacts.get(number) if number is not None else None


def _with_reasons(verdict: dict[str, Any] | None) -> dict[str, Any] | None:
    if verdict is not None and verdict.get("reasons") is None:
        return {**verdict, "reasons": []}
    return verdict


def _push(stored: Stored, run: StoredRun | None) -> dict[str, Any] | None:
    """What Pusher recorded; its artifact's properties say the same without a digest, and outlast the file."""
    artifact = _artifact(stored, run, "Pusher", "pushed_model")
    if artifact is None:
        return None
    push = read_left(artifact.uri, PUSH_FILE, Pushed)
    return push if push is not None and push.get("status") else _told_of_push(artifact)


def _told_of_push(artifact: StoredArtifact) -> dict[str, Any]:
    told = artifact.properties
    version = str(told.get("pushed_version") or "")
    return {
        "status": told.get("status") or ("pushed" if told.get("pushed") else "not_blessed"),
        "version": int(version) if version.isdigit() else None,
        "folder": told.get("pushed_destination") or None,
    }


def _outcome(left: LeftBehind, record: Record, failure: str | None) -> Outcome | None:
    """How the run ended, None where it did not.

    Its own record is believed where it STOPPED: what came after the last step, the store does not know.
    """
    recorded = _recorded(record)
    if recorded is not None and recorded[0] is Verdict.STOPPED:
        return stopped_with(recorded[1], left)
    if left.push is not None:
        return outcome_of(left, left.push["status"])
    if recorded is not None:
        return Outcome(*recorded, left.evaluation, left.serving, version=record.get("version"))
    return None if failure is None else stopped_with([failure], left)


def _recorded(record: Record) -> tuple[Verdict, list[str]] | None:
    verdict, reasons = record.get("verdict"), record.get("reasons")
    if reasons == [NOT_ENDED] or verdict not in [known.value for known in Verdict]:
        return None
    return Verdict(verdict), reasons or []


def _failure(home: Path, run_id: str, executions: list[StoredExecution]) -> str | None:
    failed = next((one for one in executions if one.state is State.FAILED), None)
    if failed is None:
        return None
    log = home / LOGS / LOG.format(run_id)
    told = failed.error or (f"why is in {log}" if log.is_file() else "no reason is known")
    return f"{failed.step} failed: {told}"


def _began(run_id: str, stored: StoredRun | None, record: Record) -> datetime:
    """When the run began; the store knows only when its first step did."""
    try:
        return datetime.fromisoformat(record["started"]).astimezone()
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        pass
    try:
        return datetime.strptime(run_id, RUN_ID_FORMAT).astimezone()
    except ValueError:
        return datetime.fromtimestamp(stored.began if stored else 0.0).astimezone()


def _steps(stored: Stored, executions: list[StoredExecution], record: Record, is_live: bool) -> list[Step]:
    """The steps in the order in which they began. How long one took that was ended, only the run's record knows."""
    recorded = record.get("steps") or {}
    steps = [
        Step(
            one.step,
            one.state,
            seconds=recorded.get(one.step) if one.seconds is None else one.seconds,
            outputs=_outputs(stored, one),
        )
        for one in sorted(executions, key=lambda one: one.number)
    ]
    if is_live and steps and steps[-1].state is State.CANCELLED:
        lasted = time.time() - max(executions, key=lambda one: one.number).began
        steps[-1].state, steps[-1].started = State.RUNNING, time.monotonic() - lasted
    return steps


def _outputs(stored: Stored, execution: StoredExecution) -> dict[str, str]:
    """The outputs that can be read."""
    known = {
        key: stored.artifacts[number].uri for key, number in execution.outputs.items() if number in stored.artifacts
    }
    return {key: uri for key, uri in known.items() if _is_readable(uri, _READ_BY.get((execution.step, key)))}


def _is_readable(uri: str, file: str | None) -> bool:
    try:
        return Path(uri).exists() if file is None else read_sound(uri, file) is not None
    except OSError:
        return False


def _paths(home: Path, run: Run, outcome: Outcome, executions: list[StoredExecution]) -> dict[str, str]:
    """As `pipeline.local_run` names them."""
    log, gate = home / LOGS / LOG.format(run.run_id), next((one for one in executions if one.step == "DataGate"), None)
    refused = home / ARTIFACTS / "DataGate" / "blessing" / f"{gate.number}-stopped" if gate else None
    named = {
        GATE: str(refused) if refused and read_sound(refused, ANOMALIES_FILE) else None,
        "served": outcome.folder,
        "evaluation": run.output("Evaluator", "evaluation"),
        "training": run.output("Trainer", "model_run"),
        "quarantine": run.output("TextExampleGen", "quarantine"),
        "home": str(home),
        "log": str(log) if log.is_file() else None,
    }
    return {name: path for name, path in named.items() if path is not None}
