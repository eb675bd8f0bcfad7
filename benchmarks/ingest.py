"""From data to examples and statistics, beside TFX's stock components: `python -m benchmarks.ingest`.

See benchmarks/README.md. Exits with 1 if several processes write other examples than one.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from benchmarks import machine, rounds, table
from benchmarks.environment import BenchmarkError
from benchmarks.ingesting import contents, measure, report, texts
from benchmarks.ingesting.measure import MULTI_PROCESSING, SideRun
from benchmarks.ingesting.report import OURS, STOCK, Parallel
from benchmarks.ingesting.texts import Table
from benchmarks.options import json_option, numbers_of_rows
from benchmarks.peers.worker import WorkerError
from benchmarks.rounds import Measurement, Tell
from components.errors import BertlineError

_WIDTH = 120
_SIDES = {OURS: "ours", STOCK: "stock"}  # what the process of a measurement calls them


@dataclasses.dataclass(frozen=True)
class Settings:
    """How much is measured. `rows` None: all there are; no `memory_rows`, `rounds` or `workers`: not measured."""

    rows: int | None
    data: Path | None
    rounds: int
    memory_rows: tuple[int, ...]
    workers: int


@dataclasses.dataclass(frozen=True)
class Result:
    """Runs by side: for speed, one a round; for memory, one a number of rows."""

    source: str
    speed: Mapping[str, Sequence[SideRun]]
    memory: Mapping[str, Sequence[SideRun]]
    parallel: Parallel | None

    @property
    def claims(self) -> list[table.Claim]:
        """All that can be said of the runs."""
        claims = report.speed_claims(self.speed)
        for side, runs in self.memory.items():
            claims += report.memory_claims(side, runs) if runs else []
        if self.parallel:
            claims += report.parallel_claims(self.parallel, self.speed[OURS])
        return claims


@click.command()
@click.option("--rows", type=click.IntRange(min=100), help="How many rows for speed; all there are if left out.")
@click.option("--data", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="CSV of text and label.")
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option(
    "--memory-rows",
    default="50000,500000",
    show_default=True,
    callback=numbers_of_rows,
    help="How many generated rows for memory; '' for none.",
)
@click.option(
    "--workers", type=click.IntRange(min=0), default=2, show_default=True, help="Processes beside one; 0: none."
)
@json_option
def main(
    rows: int | None,
    data: Path | None,
    rounds: int,
    memory_rows: tuple[int, ...],
    workers: int,
    json_file: Path | None,
) -> None:
    """Measure the steps from data to statistics beside TFX's CsvExampleGen and StatisticsGen."""
    settings = Settings(rows, data, rounds, memory_rows, workers)
    console = Console(width=_WIDTH)
    described = machine.describe()
    console.print(machine.line(described))
    if warned := machine.warning(described):
        console.print(f"[yellow]warning: {warned}")
    try:
        result = compare(settings, _progress(Console(stderr=True, width=_WIDTH, highlight=False)))
    except (BenchmarkError, BertlineError, WorkerError) as error:
        raise click.ClickException(str(error)) from error
    _print(console, result)
    if json_file:
        json_file.write_text(json.dumps(_as_json(described, settings, result), indent=1, default=str) + "\n")
    sys.exit(1 if result.parallel and not result.parallel.equality.sets else 0)


def compare(settings: Settings, tell: Tell) -> Result:
    """Measures speed, then several processes, then memory.

    Raises:
        BenchmarkError: the data cannot be used.
        WorkerError: a run failed.
    """
    with tempfile.TemporaryDirectory(prefix="bertline-ingest-data-") as name:
        folder = Path(name)
        data = texts.write_real(_file(folder, "speed"), settings.rows, settings.data)
        tell(f"{data.rows:,} rows of {data.source}")
        speed = _speed(data, settings.rounds, tell)
        parallel = _parallel(data, settings.workers, speed[OURS], tell) if settings.workers else None
        memory = _memory(settings.memory_rows, folder, tell)
    return Result(data.source, speed, memory, parallel)


def _speed(data: Table, count: int, tell: Tell) -> dict[str, list[SideRun]]:
    runs: dict[str, list[SideRun]] = {side: [] for side in _SIDES}

    def measured(side: str) -> Callable[[], Measurement]:
        def measure_once() -> Measurement:
            runs[side].append(measure.run(_SIDES[side], data))
            return Measurement(runs[side][-1].rate, {})

        return measure_once

    # Every run is a process of its own, which nothing warms up.
    rounds.interleave({side: measured(side) for side in _SIDES}, count, tell, warm_up=False)
    return runs


def _parallel(data: Table, workers: int, in_one: Sequence[SideRun], tell: Tell) -> Parallel:
    run = measure.run(_SIDES[OURS], data, [MULTI_PROCESSING, f"--direct_num_workers={workers}"])
    tell(f"{OURS}, {workers} processes: {run.rate:.1f}")
    return Parallel(workers, run, contents.compare(run.contents, in_one[-1].contents))


def _memory(memory_rows: Sequence[int], folder: Path, tell: Tell) -> dict[str, list[SideRun]]:
    runs: dict[str, list[SideRun]] = {side: [] for side in _SIDES}
    for count in memory_rows:
        data = texts.write_generated(_file(folder, f"memory-{count}"), count)
        for side, name in _SIDES.items():
            runs[side].append(measure.run(name, data))
            tell(f"memory: {side}, {count:,} rows: {runs[side][-1].peak_mib:.0f} MiB")
        data.file.unlink()
    return runs


def _file(folder: Path, name: str) -> Path:
    """A file alone in its folder: stock reads whatever lies there."""
    (folder / name).mkdir()
    return folder / name / "rows.csv"


def _progress(console: Console) -> Tell:
    start = time.monotonic()
    return lambda text: console.print(f"{time.monotonic() - start:4.0f} s  {text}", style="dim")


def _print(console: Console, result: Result) -> None:
    rows = result.speed[OURS][0].rows
    console.print(table.rates_table(f"\n{rows:,} rows ({result.source})", report.rates(result.speed), "rows a second"))
    if any(result.memory.values()):
        console.print(report.memory_table(result.memory))
    console.print(table.claims_table("", result.claims))
    sentences = [report.rows_sentence(side, runs[0]) for side, runs in result.speed.items()]
    sentences += [report.processor_sentence(side, runs) for side, runs in result.speed.items()]
    sentences.append(report.import_sentence(result.speed))
    if result.parallel:
        sentences.append(report.parallel_sentence(result.parallel))
    for sentence in sentences:
        console.print(sentence, highlight=False)


def _as_json(described: dict[str, Any], settings: Settings, result: Result) -> dict[str, Any]:
    def runs(by_side: Mapping[str, Sequence[SideRun]]) -> dict[str, Any]:
        return {side: [report.as_json(run) for run in each] for side, each in by_side.items()}

    parallel = result.parallel
    return {
        "machine": described,
        "settings": dataclasses.asdict(settings),
        "source": result.source,
        "claims": table.as_json(result.claims),
        "speed": runs(result.speed),
        "memory": runs(result.memory),
        "parallel": parallel
        and {
            "workers": parallel.workers,
            "equality": dataclasses.asdict(parallel.equality),
            "run": report.as_json(parallel.run),
        },
    }


if __name__ == "__main__":
    main()
