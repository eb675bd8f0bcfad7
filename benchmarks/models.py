"""Which model is measured."""

from __future__ import annotations

from pathlib import Path

from benchmarks.environment import ROOT, BenchmarkError
from components import model_folder

DEMO = ROOT / "runs" / "demo" / "served"  # what `make demo` leaves


def version(given: Path | None) -> Path:
    """The version folder to measure: the one given, or the highest in it if it is a push folder, or `make demo`'s.

    Raises:
        BenchmarkError: there is no complete SavedModel.
    """
    folder = given or DEMO
    if model_folder.is_complete(folder):
        return folder.resolve()
    latest = model_folder.latest_complete(folder)
    if latest is None:
        raise BenchmarkError(f"{folder} has no complete SavedModel; name a version's folder, or make one: `make demo`")
    return model_folder.version_folder(folder, latest).resolve()


def serve_from(folder: Path, model: Path, number: int = 1) -> Path:
    """A base path in `folder` with the model as its only version."""
    base = folder / "served"
    base.mkdir()
    (base / str(number)).symlink_to(model, target_is_directory=True)
    return base
