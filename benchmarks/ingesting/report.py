"""What the runs say: rates, claims, tables and JSON."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table as RichTable

from benchmarks import table
from benchmarks.ingesting.contents import Equality
from benchmarks.ingesting.measure import SideRun
from benchmarks.table import AT_MOST, Claim

OURS, STOCK = "ours", "stock TFX"
SPEED_GOAL = 1.0  # times the rate of stock
MEMORY_GOAL = 1.5  # times the peak, of the most rows beside the fewest

_MIB = 2**20
_ALL, _INGEST, _LATER = "data to statistics", "to examples", "statistics"


@dataclasses.dataclass(frozen=True)
class Parallel:
    """A run in several processes beside those in one."""

    workers: int
    run: SideRun
    equality: Equality


def rates(runs: Mapping[str, Sequence[SideRun]]) -> dict[str, list[float]]:
    """Rows a second by what was done and by side, one a round."""
    found = {}
    for part, rate in ((_ALL, "rate"), (_INGEST, "ingest_rate"), (_LATER, "later_rate")):
        found |= {f"{part}, {side}": [getattr(run, rate) for run in each] for side, each in runs.items()}
    return found


def speed_claims(runs: Mapping[str, Sequence[SideRun]]) -> list[Claim]:
    """How many times as fast ours is."""
    found = rates(runs)

    def beside(part: str, goal: float | None) -> Claim:
        return table.ratio(f"{part}: ours / stock", found[f"{part}, {OURS}"], found[f"{part}, {STOCK}"], goal)

    return [beside(_ALL, SPEED_GOAL), beside(_INGEST, None), beside(_LATER, None)]


def memory_claims(side: str, runs: Sequence[SideRun]) -> list[Claim]:
    """How the peak grows from the run of the fewest rows to that of the most. None where all are of as many."""
    fewest, most = min(runs, key=lambda run: run.rows), max(runs, key=lambda run: run.rows)
    if fewest.rows == most.rows:
        return []
    named = f"peak memory, {side}, {most.rows:,} / {fewest.rows:,} rows"
    goal = MEMORY_GOAL if side == OURS else None
    growth = (most.peak_mib - fewest.peak_mib) * _MIB / (most.rows - fewest.rows)
    return [
        Claim(named, [most.peak_mib / fewest.peak_mib], bound=AT_MOST, goal=goal),
        Claim(f"… bytes a row that it grows by, {side}", [growth], unit="B"),
    ]


def parallel_claims(parallel: Parallel, in_one: Sequence[SideRun]) -> list[Claim]:
    """How many times as fast several processes are as one."""
    name = f"data to statistics: {parallel.workers} processes / 1"
    return [Claim(name, [parallel.run.rate / statistics.median(run.rate for run in in_one)])]


def parallel_sentence(parallel: Parallel) -> str:
    """Whether several processes write what one does."""
    same = {True: "the same", False: "DIFFERENT"}
    return (
        f"{parallel.workers} processes write {same[parallel.equality.sets]} sets of examples as one, "
        f"in {same[parallel.equality.files]} files"
    )


def import_sentence(runs: Mapping[str, Sequence[SideRun]]) -> str:
    """What came before anything was timed."""
    every = [run for each in runs.values() for run in each]
    seconds = statistics.median(run.import_seconds for run in every)
    resident = statistics.median(run.imported_mib for run in every)
    return f"imports, which no figure holds: {seconds:.1f} s; a process then holds {resident:.0f} MiB, which peaks do"


def processor_sentence(name: str, runs: Sequence[SideRun]) -> str:
    """What the processors were busy for, which others on the machine change less than seconds."""
    steps = zip(*(run.steps for run in runs), strict=True)
    used = [(each[0].name, statistics.median(step.processor_seconds for step in each)) for each in steps]
    return f"{name}: processor seconds: " + ", ".join(f"{step} {seconds:.1f}" for step, seconds in used)


def rows_sentence(name: str, run: SideRun) -> str:
    """How many examples became of the rows."""
    counts = run.contents.counts
    by_split = ", ".join(f"{split} {count:,}" for split, count in counts.items())
    return f"{name}: {run.rows:,} rows gave {sum(counts.values()):,} examples ({by_split})"


def memory_table(runs: Mapping[str, Sequence[SideRun]]) -> RichTable:
    """Peaks by side, rows and step."""
    shown = RichTable(title="\npeak resident memory, MiB", title_justify="left")
    for column in ("side", "rows", "of all steps", "by step"):
        shown.add_column(column, justify="right" if column in ("rows", "of all steps") else "left")
    for side, each in runs.items():
        for run in sorted(each, key=lambda run: run.rows):
            steps = ", ".join(f"{step.name} {step.peak_mib:.0f}" for step in run.steps)
            shown.add_row(side, f"{run.rows:,}", f"{run.peak_mib:.0f}", steps)
    return shown


def as_json(run: SideRun) -> dict[str, Any]:
    """A run for programs."""
    return {
        **dataclasses.asdict(run),
        "seconds": run.seconds,
        "rows_per_second": run.rate,
        "steps": [dataclasses.asdict(step) | {"rows_per_second": run.rows / step.seconds} for step in run.steps],
    }
