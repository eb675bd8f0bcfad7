"""Which runs stay when a task's runs are pruned: the last ones, and those whose model is served."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from components.errors import ConfigError, PushError
from components.model_folder import model_digest, version_folder, versions
from components.pusher.files import PUSH_FILE
from components.trainer.files import SERVING_MODEL
from pipeline.history.rebuild import PastRun
from pipeline.history.record import read_sound
from pipeline.history.settings import executed_settings, parameter, recorded_settings
from pipeline.history.shapes import Pushed
from pipeline.home import SERVED as SERVED_FOLDER
from pipeline.run_store import Stored, StoredRun
from pipeline.verdict import Verdict

LAST = "one of the last"
SERVED = "its model is in the push folder"
UNKNOWN = "whether its model is served cannot be told: its record is damaged"


def kept_runs(past: Sequence[PastRun], stored: Stored, keep: int, served: Sequence[Path]) -> dict[str, str]:
    """The ids of the runs that stay, and why.

    Args:
        past: all runs of the task that were not pruned, oldest first.
        stored: what its store has.
        keep: how many of the last stay.
        served: the folders of all versions in the push folders.

    Raises:
        ConfigError: a served version cannot be read, so that nobody can tell which run it is of.
    """
    digests = set(map(_digest_of_version, served))
    of_served = {one.run.run_id: SERVED for one in past if _is_served(one, stored, served, digests)}
    unknown = {one.run.run_id: UNKNOWN for one in past if one.damage is not None and one.stored is None}
    return unknown | of_served | {one.run.run_id: LAST for one in past[max(0, len(past) - keep) :]}


def push_folders(home: Path, past: Iterable[PastRun]) -> list[Path]:
    """Every folder that the runs of a task were to publish to.

    Raises:
        ConfigError: one is not there, so that nobody can tell which models are served.
    """
    given = [folder for one in past if (folder := _push_folder(one))]
    missing = [folder for folder in given if not Path(folder).is_dir()]
    if missing:
        raise ConfigError(
            f"the push folder {missing[-1]} is not there, so which runs' models are served cannot be told; mount it, "
            "or make an empty folder there if nothing is served any more"
        )
    return [Path(folder) for folder in dict.fromkeys([str(home / SERVED_FOLDER), *given])]


def version_folders(bases: Iterable[Path]) -> list[Path]:
    """The folders of all versions in push folders. Raises ConfigError where one cannot be read."""
    try:
        return [version_folder(base, version) for base in bases for version in versions(base)]
    except (OSError, PushError) as error:
        raise ConfigError(f"a push folder cannot be read: {error}; grant the right to, and prune again") from error


def _push_folder(past: PastRun) -> str | None:
    told = (
        executed_settings(past.stored).get("push", {}).get("folder")
        or parameter(past.stored, "ServedModel", "push_folder")
        or (recorded_settings(past.record).get("push") or {}).get("folder")
    )
    return told if isinstance(told, str) and "://" not in told else None


def _is_served(past: PastRun, stored: Stored, served: Sequence[Path], digests: set[str | None]) -> bool:
    outcome = past.outcome
    if past.stored is None:  # a record knows no digest
        published = outcome.verdict in (Verdict.PUSHED, Verdict.UNCHANGED)
        return published and any(outcome.version in (None, int(folder.name)) for folder in served)
    if outcome.folder is not None and any(Path(outcome.folder) == folder for folder in served):
        return True
    digest = _digest_of_run(past, stored)
    return digest is not None and digest in digests


def _digest_of_run(past: PastRun, stored: Stored) -> str | None:
    """Of the run's model: as Pusher recorded it, else, where Pusher did not come so far, of the model itself."""
    push = read_sound(_uri(stored, past.stored, "Pusher", "pushed_model"), PUSH_FILE, Pushed) or {}
    model = _uri(stored, past.stored, "Trainer", "model")
    recorded: Any = push.get("digest")
    return recorded or (None if model is None else _digest(str(Path(model, SERVING_MODEL))))


def _uri(stored: Stored, run: StoredRun | None, step: str, key: str) -> str | None:
    execution = run.execution(step) if run else None
    number = execution.outputs.get(key) if execution else None
    artifact = stored.artifacts.get(number) if number is not None else None
    return artifact.uri if artifact else None


def _digest_of_version(folder: Path) -> str | None:
    """Of a served version; None where it holds no model."""
    try:
        return model_digest(folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{folder} cannot be read ({error.strerror}); grant the right to, and prune again") from error


def _digest(folder: str) -> str | None:
    try:
        return model_digest(folder)
    except OSError:
        return None
