"""What a run has on the disk: its executions' folders, the artifacts that nobody else has, its log and its report."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from components.serving_check.blessing import last_refusal
from components.trainer.files import HISTORY_FILE
from pipeline.history.record import read_sound
from pipeline.home import ARTIFACTS, CHECKPOINTS, LOG, LOGS, REPORTS, TUNE_LOG
from pipeline.run_record import PRUNED_FILE
from pipeline.run_store import Stored, StoredExecution, StoredRun
from pipeline.steps import State

_TRAINING = re.compile(r"[0-9a-f]{32}")  # a training's folder, by the beginning of its fingerprint
_SYSTEM = ".system"  # TFX's own folder, in each step's


def artifacts_of(runs: Iterable[StoredRun]) -> set[int]:
    """The numbers of all artifacts that the runs' steps read or brought forth, those of the cache among them."""
    executions = [execution for run in runs for execution in run.executions]
    return {number for one in executions for number in (*one.outputs.values(), *one.inputs)}


def folders_of_artifacts(home: Path, stored: Stored, numbers: Iterable[int]) -> set[Path]:
    """The folders STEP/OUTPUT/EXECUTION of those artifacts that lie below the task's own."""
    found = (folder_of(home, stored.artifacts[number].uri) for number in numbers if number in stored.artifacts)
    return {folder for folder in found if folder is not None}


def paths_of(home: Path, stored: Stored, run_id: str, run: StoredRun | None) -> set[Path]:
    """Everything that is on the disk for a run: what it shares with others, too. It may be gone already.

    Of a run that is known by its record alone its line has no other place than the record's folder, which stays for it.
    """
    report, line = home / REPORTS / run_id, home / REPORTS / run_id / PRUNED_FILE
    paths = {home / LOGS / LOG.format(run_id), home / LOGS / TUNE_LOG.format(run_id)}
    paths |= {report} if run else set(report.glob("*")) - {line}
    for execution in run.executions if run else []:
        paths |= set(_folders_of(home / ARTIFACTS / execution.step, execution))
        paths |= folders_of_artifacts(home, stored, execution.outputs.values())
    return paths


def stray_logs(home: Path, known: Collection[str], before: float) -> list[Path]:
    """The logs that were last written before a time, and are of none of the runs and searches that are known: a run
    that is refused before its first step leaves no more than its log.
    """
    of_known = {log.format(run_id) for run_id in known for log in (LOG, TUNE_LOG)}
    logs = sorted((home / LOGS).glob(LOG.format("*")))
    return [log for log in logs if log.name not in of_known and log.lstat().st_mtime < before]


def newest_refusal(home: Path) -> Path:
    """The folder of ServingCheck's newest refusal, by which TFX's cache knows that the blessings before it are stale:
    some kilobytes, which stay.
    """
    return home / ARTIFACTS / "ServingCheck" / "blessing" / (last_refusal(home / ARTIFACTS) or "none")


def checkpoints_of(home: Path, stored: Stored, kept: Collection[str]) -> dict[Path, str]:
    """The trainings' checkpoints in the task's own folder that no kept run has a use for, each with its run.

    A training that ended tells its fingerprint, after which the folder is named. What no training claims was left by
    one that was killed: by the newest run that had begun when it was written. It is spared while a kept run has a
    training that has not ended, which may go on from it.
    """
    root = home / CHECKPOINTS / home.name
    if not root.is_dir():
        return {}
    owners = _owners(stored)
    pending = any(run.run_id in kept and _is_pending(run.execution("Trainer")) for run in stored.runs)
    found: dict[Path, str] = {}
    for folder in (entry for entry in root.iterdir() if _TRAINING.fullmatch(entry.name)):
        claimed = owners.get(folder.name, [])
        if not claimed and not pending:
            written = folder.lstat().st_mtime
            claimed = [run.run_id for run in stored.runs if run.began <= written][-1:]
        if claimed and not set(claimed) & set(kept):
            found[folder] = claimed[-1]
    return found


def _owners(stored: Stored) -> dict[str, list[str]]:
    """The runs whose training has this fingerprint, by its beginning."""
    owners: dict[str, list[str]] = {}
    for run in stored.runs:
        trainer = run.execution("Trainer")
        number = trainer.outputs.get("model_run") if trainer else None
        artifact = stored.artifacts.get(number) if number is not None else None
        fingerprint = (read_sound(artifact.uri, HISTORY_FILE) or {}).get("fingerprint") if artifact else None
        if isinstance(fingerprint, str):
            owners.setdefault(fingerprint[:32], []).append(run.run_id)
    return owners


def _is_pending(trainer: StoredExecution | None) -> bool:
    return trainer is not None and trainer.state in (State.CANCELLED, State.FAILED)


def _folders_of(step: Path, execution: StoredExecution) -> Iterator[Path]:
    """The folders that TFX gives an execution, and those in which a step that fails keeps what is to be seen."""
    number = str(execution.number)
    for output in step.iterdir() if step.is_dir() else ():
        if output.name != _SYSTEM:
            yield from (output / number, output / f"{number}-stopped")
    yield step / _SYSTEM / "executor_execution" / number
    if execution.working_folder:
        yield step / _SYSTEM / "stateful_working_dir" / execution.working_folder


def folder_of(home: Path, uri: str) -> Path | None:
    """The folder STEP/OUTPUT/EXECUTION that an artifact is in, None where its URI has no such end.

    By the end of the URI alone: the task's folder may have been moved, or be reached by another path today.
    """
    parts = Path(uri).parts
    places = [place for place, part in enumerate(parts) if part == ARTIFACTS]
    end = parts[places[-1] + 1 :][:3] if places else ()
    return home.joinpath(ARTIFACTS, *end) if len(end) == 3 and ".." not in end else None
