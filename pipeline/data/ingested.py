"""Runs the ingest step of a task into a folder, outside any pipeline."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from components.beam_engine import new_pipeline
from components.errors import DataError
from components.example_gen.sources.registry import check_source
from components.features import SPLITS
from pipeline.config import Config
from pipeline.display import busy

if TYPE_CHECKING:
    from components.example_gen.ingest import Folders
    from components.example_gen.job import Job
    from components.example_gen.quarantine import Summary

_KEPT = "quarantine-looked-at"


@dataclasses.dataclass(frozen=True)
class Ingested:
    """What the step left: the folders of the examples by split, of the quarantine and of the profiles.

    `rows_file` has the rows in quarantine, if there are any, until the next look at the task's data.
    `summary` is the account of all rows (a `components.example_gen.quarantine.Summary`), and `refusal` what the guards
    have against it, None where they let it pass.
    """

    examples: dict[str, str]
    quarantine: str
    profile: str
    summary: Summary
    refusal: DataError | None
    rows_file: Path


def ingested(config: Config, folder: Path, console: Console) -> Ingested:
    """Reads the task's data as a run would. Shows that it is being done.

    Args:
        config: the task.
        folder: where examples, quarantine and profiles are written.
        console: where it is shown.

    Raises:
        BertlineError: data or encoder are not there or cannot be read at all.
    """
    data, labels, encoder = (
        section.model_dump(mode="json") for section in (config.data, config.labels, config.encoder)
    )
    check_source(data, labels)
    with busy(console, "loading TensorFlow and Beam"):
        # Seconds of imports, which a mistake in the configuration should not have to wait for.
        from components.example_gen import ingest
        from components.example_gen.job import new_job
    with busy(console, "preparing the encoder"):
        job = new_job(data, labels, encoder)
    folders = ingest.Folders(
        examples={split: str(folder / "examples" / f"Split-{split}") for split in SPLITS},
        quarantine=str(folder / "quarantine"),
        profile=str(folder / "profile"),
        spill=str(folder / "spill"),
    )
    with busy(console, "reading the data"):
        summary = ingest.ingest(new_pipeline, job, folders)
    rows_file = _keep_quarantine(folders.quarantine, config.pipeline.home / _KEPT, summary)
    refusal = _refusal(job, folders, summary, rows_file)
    return Ingested(dict(folders.examples), folders.quarantine, folders.profile, summary, refusal, rows_file)


def _keep_quarantine(folder: str, kept: Path, summary: Summary) -> Path:
    """Copies the rows in quarantine to where they stay until the next look; the path of the file."""
    from components.example_gen import quarantine

    shutil.rmtree(kept, ignore_errors=True)
    if summary.bad:
        quarantine.keep(folder, str(kept))
    return kept / quarantine.ROWS_FILE


def _refusal(job: Job, folders: Folders, summary: Summary, rows_file: Path) -> DataError | None:
    from components.example_gen import guards, quarantine

    bad = quarantine.read_rows(folders.quarantine)
    try:
        guards.check(summary, job.data, job.labels.names, bad, str(rows_file))
    except DataError as error:
        return error
    return None
