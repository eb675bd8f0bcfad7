"""The process of one measurement: loads TFX, then runs a side's steps when it is told to, timing each."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path
from typing import Any

from benchmarks.ingesting import peak
from benchmarks.ingesting.contents import Contents
from benchmarks.peers.worker import Answer, serve
from pipeline.steps import State, Step


class _Usage:
    """An observer that notes by the names of the steps what each used."""

    def __init__(self) -> None:
        self.peaks: dict[str, float] = {}
        self.processor_seconds: dict[str, float] = {}
        self._before = 0.0

    def changed(self, step: Step) -> None:
        if step.state is State.RUNNING:
            peak.reset()
            self._before = _processor_seconds()
        else:
            self.peaks[step.name] = peak.peak_mib()
            self.processor_seconds[step.name] = _processor_seconds() - self._before


def load() -> Answer:
    """Imports what both sides run on, once for all."""
    start = time.monotonic()
    from benchmarks.ingesting import sides  # noqa: F401  it is what is timed

    return {"seconds": time.monotonic() - start, "resident_mib": peak.resident_mib()}


def run(side: str, file: str, labels: list[str], home: str, beam_arguments: list[str]) -> Answer:
    """Runs a side's steps into the folder `home`.

    Returns:
        Of each step in turn: its name, seconds, processor seconds (of this process and those below it that have
        ended), peak in MiB and its outputs' folders; the highest peak of all, and that of the processes below.
    """
    from benchmarks.ingesting import sides
    from components.beam_engine import BEAM_ARGS
    from pipeline.local_runner import ObservedDagRunner
    from pipeline.run_store import connection

    folder = Path(home)
    store = connection(folder / "metadata.sqlite")
    pipeline = sides.build(
        side,
        Path(file),
        labels,
        folder,
        metadata_connection_config=store,
        beam_pipeline_args=[*BEAM_ARGS, *beam_arguments],
    )
    steps = [Step(component.id) for component in pipeline.components]
    observer = _Usage()
    with peak.Children() as children:
        ObservedDagRunner(sides.RUN_ID, steps, store, observer).run(pipeline)
    return {
        "steps": [_told(step, observer) for step in steps],
        "peak_mib": max(observer.peaks.values()),
        "children_mib": children.peak_mib,
    }


def contents(folder: str) -> Answer:
    """The Contents of an Examples artifact."""
    return dataclasses.asdict(Contents.read(Path(folder)))


def _told(step: Step, usage: _Usage) -> dict[str, Any]:
    return {
        "name": step.name,
        "seconds": step.seconds,
        "processor_seconds": usage.processor_seconds[step.name],
        "peak_mib": usage.peaks[step.name],
        "outputs": step.outputs,
    }


def _processor_seconds() -> float:
    return sum(os.times()[:4])


if __name__ == "__main__":
    serve({"load": load, "run": run, "contents": contents})
