"""Reads the files that runs left, among them the record that each keeps of itself: `reports/RUN/run.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pydantic

from components.errors import BertlineError
from pipeline.history.shapes import RunRecord, Shape
from pipeline.home import REPORTS
from pipeline.run_record import RECORD_FILE

Record = dict[str, Any]


class RecordError(BertlineError):
    """A file that a run left is damaged."""


def read_record(home: Path, run_id: str) -> Record:
    """The record of a run; empty where it keeps none, as runs of earlier versions do not. Raises RecordError."""
    return read_left(home / REPORTS / run_id, RECORD_FILE, RunRecord) or {}


def recorded_runs(home: Path) -> list[str]:
    """The ids of the runs that keep a record: a run that was ended before its first step has nothing else."""
    return sorted(file.parent.name for file in (home / REPORTS).glob(f"*/{RECORD_FILE}"))


def read_left(folder: Path | str | None, name: str, shape: type[Shape]) -> dict[str, Any] | None:
    """The JSON object in a file, None where there is none.

    Raises:
        RecordError: it cannot be read, or is not of the shape.
    """
    if folder is None:
        return None
    path = Path(folder, name)
    try:
        value = json.loads(path.read_bytes())
        shape.model_validate(value)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _damaged(path, error.strerror or type(error).__name__) from error
    except pydantic.ValidationError as error:
        raise _damaged(path, _first(error)) from error
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"it is no JSON: {error}") from error
    return value


def read_sound(folder: Path | str | None, name: str, shape: type[Shape] = Shape) -> dict[str, Any] | None:
    """The JSON object in a file, None where there is none, or where it is damaged."""
    try:
        return read_left(folder, name, shape)
    except RecordError:
        return None


def _damaged(path: Path, why: str) -> RecordError:
    return RecordError(
        f"{path} cannot be read ({why}); bring it back from a copy, or delete it, and the run is shown without it"
    )


def _first(error: pydantic.ValidationError) -> str:
    """The first finding: the key, and what is wrong with it."""
    finding = error.errors(include_url=False, include_input=False)[0]
    key, problem = ".".join(map(str, finding["loc"])), finding["msg"].lower()
    return f"{key}: {problem}" if key else "it is no JSON object"
