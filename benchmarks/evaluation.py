"""What the step Evaluator costs beside plain batches of the same model: `python -m benchmarks.evaluation`.

See benchmarks/README.md.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from benchmarks import machine, models, table
from benchmarks.environment import BenchmarkError
from benchmarks.evaluating import measure, report
from benchmarks.evaluating.measure import FEW, Drawing, Peak, Scoring
from benchmarks.evaluating.names import LONG, SHORT
from benchmarks.options import json_option, numbers_of_rows
from benchmarks.peers.worker import WorkerError
from benchmarks.rounds import Tell
from components.errors import BertlineError

_WIDTH = 120
_ROWS = {LONG: 1000, SHORT: 4000}  # that many take minutes
_TEXTS = {"long": (LONG,), "short": (SHORT,), "both": (LONG, SHORT)}
_LABELS = (1, 6)  # of reviews and questions, and of toxic comments
_UNTRAINED = "MiniLM, not trained"


@dataclasses.dataclass(frozen=True)
class Settings:
    """How much is measured, on which `texts`. `rows` None: `_ROWS`.

    No `rounds`, `draws` or `memory_rows`: not measured.
    """

    texts: Sequence[str]
    rows: int | None
    model: Path | None
    rounds: int
    draws: int
    memory_rows: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Result:
    """What was measured, and with which model."""

    model: str
    scorings: Sequence[Scoring]
    drawings: Sequence[Drawing]
    peaks: Sequence[Peak]

    @property
    def claims(self) -> list[table.Claim]:
        """All that can be said of it."""
        claims = [claim for scoring in self.scorings for claim in report.scoring_claims(scoring)]
        claims += [claim for drawing in self.drawings for claim in report.drawing_claims(drawing, self.scorings)]
        return claims + (report.memory_claims(self.peaks) if self.peaks else [])


@click.command()
@click.option("--texts", type=click.Choice(["long", "short", "both"]), default="both", show_default=True)
@click.option("--rows", type=click.IntRange(min=FEW + 1), help="Of each workload; if left out, 1,000 and 4,000.")
@click.option("--model", type=click.Path(path_type=Path), help="A version's folder, or a push folder.")
@click.option("--rounds", type=click.IntRange(min=0), default=3, show_default=True, help="Of scoring; 0: none.")
@click.option("--draws", type=click.IntRange(min=0), default=1000, show_default=True, help="0: no bootstrap.")
@click.option(
    "--memory-rows",
    default="25000,100000",
    show_default=True,
    callback=numbers_of_rows,
    help="How many generated rows for memory; '' for none.",
)
@json_option
def main(
    texts: str,
    rows: int | None,
    model: Path | None,
    rounds: int,
    draws: int,
    memory_rows: tuple[int, ...],
    json_file: Path | None,
) -> None:
    """Measure the step Evaluator beside plain batches, its bootstrap, and its memory.

    The model is that of `make demo` unless another is given; without one, a MiniLM that was never trained.
    """
    settings = Settings(_TEXTS[texts], rows, model, rounds, draws, memory_rows)
    console = Console(width=_WIDTH)
    described = machine.describe()
    console.print(machine.line(described))
    if warned := machine.warning(described):
        console.print(f"[yellow]warning: {warned}")
    try:
        result = measure_all(settings, _progress(Console(stderr=True, width=_WIDTH, highlight=False)))
    except (BenchmarkError, BertlineError, WorkerError) as error:
        raise click.ClickException(str(error)) from error
    _print(console, result)
    if json_file:
        json_file.write_text(json.dumps(_as_json(described, settings, result), indent=1, default=str) + "\n")


def measure_all(settings: Settings, tell: Tell) -> Result:
    """Measures scoring, then the bootstrap, then memory.

    Raises:
        BenchmarkError: the model or the texts cannot be used.
        WorkerError: a process failed, or the two sides' scores differ.
    """
    given = _find_model(settings.model)
    with tempfile.TemporaryDirectory(prefix="bertline-evaluation-") as name:
        folder = Path(name)
        scorings = _score(settings, given, folder, tell) if settings.rounds else []
        drawings = [_draw(labels, settings.draws, folder, tell) for labels in _LABELS] if settings.draws else []
        peaks = _memory(settings.memory_rows, folder, tell) if settings.memory_rows else []
    return Result(given.name if given else _UNTRAINED, scorings, drawings, peaks)


def _find_model(given: Path | None) -> Path | None:
    """The model to score with; None where none is given and `make demo` left none."""
    if given is None and not models.DEMO.is_dir():
        return None
    return models.version(given)


def _score(settings: Settings, model: Path | None, folder: Path, tell: Tell) -> list[Scoring]:
    if model is None:
        tell(f"making a model: {_UNTRAINED}")
        model = measure.make_model(folder / "untrained", trivial=False)
    tell(f"scoring with {model}")
    return [
        measure.scoring(name, settings.rows or _ROWS[name], model, settings.rounds, folder / name, tell)
        for name in settings.texts
    ]


def _draw(labels: int, draws: int, folder: Path, tell: Tell) -> Drawing:
    found = measure.drawing(labels, draws, folder / f"draws-{labels}")
    tell(f"bootstrap, {labels} label(s): {found.seconds:.1f} s for {draws:,} draws")
    return found


def _memory(memory_rows: Sequence[int], folder: Path, tell: Tell) -> list[Peak]:
    model = measure.make_model(folder / "trivial", trivial=True)
    peaks = []
    for rows in memory_rows:
        peaks.append(measure.memory(rows, model, folder / f"memory-{rows}"))
        tell(f"memory: {rows:,} rows: {peaks[-1].peak_mib:.0f} MiB")
    return peaks


def _progress(console: Console) -> Tell:
    start = time.monotonic()
    return lambda text: console.print(f"{time.monotonic() - start:4.0f} s  {text}", style="dim")


def _print(console: Console, result: Result) -> None:
    for scoring in result.scorings:
        console.print(report.workload_sentence(scoring, result.model), highlight=False)
        console.print(table.rates_table("", report.rates(scoring), "rows a second"))
    if result.peaks:
        console.print(report.memory_table(result.peaks))
    console.print(table.claims_table("", result.claims))
    for scoring in result.scorings:
        console.print(report.equality_sentence(scoring), highlight=False)
    if result.scorings:
        console.print(report.load_sentence(result.scorings), highlight=False)


def _as_json(described: dict[str, Any], settings: Settings, result: Result) -> dict[str, Any]:
    return {
        "machine": described,
        "settings": dataclasses.asdict(settings),
        "model": result.model,
        "claims": table.as_json(result.claims),
        "scoring": [report.as_json(scoring) for scoring in result.scorings],
        "bootstrap": [dataclasses.asdict(drawing) for drawing in result.drawings],
        "memory": [dataclasses.asdict(peak) for peak in result.peaks],
    }


if __name__ == "__main__":
    main()
