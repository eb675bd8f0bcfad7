"""Runs a side once, in a process and a folder of its own, which are gone afterwards."""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.environment import ROOT
from benchmarks.ingesting.contents import Contents
from benchmarks.ingesting.texts import Table
from benchmarks.peers import worker

EXAMPLES = "examples"
MULTI_PROCESSING = "--direct_running_mode=multi_processing"


@dataclasses.dataclass(frozen=True)
class StepRun:
    """A step's seconds, those of the processors that it used, and the most that its process held meanwhile, in MiB."""

    name: str
    seconds: float
    processor_seconds: float
    peak_mib: float


@dataclasses.dataclass(frozen=True)
class SideRun:
    """What one run of a side took.

    Attributes:
        rows: of the CSV file.
        steps: in the order in which they ran, the one that writes the examples first.
        peak_mib, children_mib: the most that its process held, and the processes below it together.
        import_seconds, imported_mib: how long the imports took that came before, and what the process held then.
        contents: the examples.
    """

    rows: int
    steps: Sequence[StepRun]
    peak_mib: float
    children_mib: float
    import_seconds: float
    imported_mib: float
    contents: Contents

    @property
    def seconds(self) -> float:
        """Of all steps."""
        return sum(step.seconds for step in self.steps)

    @property
    def rate(self) -> float:
        """Rows a second from data to statistics."""
        return self.rows / self.seconds

    @property
    def ingest_rate(self) -> float:
        """Rows a second of the step that writes the examples."""
        return self.rows / self.steps[0].seconds

    @property
    def later_rate(self) -> float:
        """Rows a second of the steps after it."""
        return self.rows / sum(step.seconds for step in self.steps[1:])


def run(side: str, table: Table, beam_arguments: Sequence[str] = ()) -> SideRun:
    """Runs a side on a table.

    Raises:
        WorkerError: it failed.
    """
    with tempfile.TemporaryDirectory(prefix="bertline-ingest-") as name:
        home = Path(name)
        with worker.start(Path(sys.executable), "benchmarks.ingesting.process", ROOT, home / "process.log") as process:
            loaded = process.ask("load")
            found = process.ask(
                "run",
                side=side,
                file=str(table.file),
                labels=table.labels,
                home=name,
                beam_arguments=list(beam_arguments),
            )
            contents = process.ask("contents", folder=_examples(found["steps"]))
    steps = [
        StepRun(step["name"], step["seconds"], step["processor_seconds"], step["peak_mib"])
        for step in _examples_first(found["steps"])
    ]
    return SideRun(
        rows=table.rows,
        steps=steps,
        peak_mib=found["peak_mib"],
        children_mib=found["children_mib"],
        import_seconds=loaded["seconds"],
        imported_mib=loaded["resident_mib"],
        contents=Contents(**contents),
    )


def _examples(steps: Sequence[Mapping[str, Any]]) -> str:
    return _examples_first(steps)[0]["outputs"][EXAMPLES]


def _examples_first(steps: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """A pipeline's roots come in any order; what writes the examples goes to the front."""
    return sorted(steps, key=lambda step: EXAMPLES not in step["outputs"])
