"""What was measured, as claims, tables, sentences and JSON."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.table import Table

from benchmarks.evaluating.measure import DRAWN_ROWS, FEW, Drawing, Peak, Scoring, SideRun, Took
from benchmarks.evaluating.names import PLAIN, STEP
from benchmarks.table import AT_MOST, Claim

SCORING_GOAL = 1.15  # times as long as plain batches
MEMORY_GOAL = 1.2  # times the peak, of the most rows beside the fewest

_MS = 1000.0
_MIB = 2**20


def rates(scoring: Scoring) -> dict[str, list[float]]:
    """Rows a second by side, one a round."""
    return {side: [scoring.rows / run.all.seconds for run in runs] for side, runs in scoring.runs.items()}


def scoring_claims(scoring: Scoring) -> list[Claim]:
    """How many times as long the step takes, and what it costs on top: with each row, and once."""
    rows, pairs = scoring.rows, list(zip(scoring.runs[STEP], scoring.runs[PLAIN], strict=True))

    def of_rounds(figure: Callable[[SideRun, SideRun], float]) -> list[float]:
        return [figure(step, plain) for step, plain in pairs]

    def more(step: SideRun, plain: SideRun) -> float:
        return (_each(step, rows, _seconds) - _each(plain, rows, _seconds)) * _MS

    named = f"{scoring.workload}: step / plain"
    whole = of_rounds(lambda step, plain: step.all.seconds / plain.all.seconds)
    processors = of_rounds(lambda step, plain: step.all.processor_seconds / plain.all.processor_seconds)
    claims = [
        Claim(f"{named}, {rows:,} rows", whole, bound=AT_MOST, goal=SCORING_GOAL),
        Claim("… of processor seconds", processors),
    ]
    if rows <= FEW:
        return claims
    return [
        *claims,
        Claim(
            f"… of {DRAWN_ROWS:,} rows, by the two below",
            of_rounds(lambda a, b: projected(a, rows, _seconds) / projected(b, rows, _seconds)),
        ),
        Claim(
            f"… of {DRAWN_ROWS:,} rows, of processor seconds",
            of_rounds(lambda a, b: projected(a, rows, _processors) / projected(b, rows, _processors)),
        ),
        Claim(f"… once, {FEW} rows: above plain", of_rounds(lambda a, b: a.few.seconds - b.few.seconds), unit="s"),
        Claim("… each further row: above plain", of_rounds(more), unit="ms"),
    ]


def projected(run: SideRun, rows: int, figure: Callable[[Took], float]) -> float:
    """Seconds of a kind for as many rows as are drawn from, by those of a few and those of each further row."""
    return figure(run.few) + _each(run, rows, figure) * (DRAWN_ROWS - FEW)


def drawing_claims(drawing: Drawing, scorings: Sequence[Scoring]) -> list[Claim]:
    """What the bootstrap takes, and its share of what scoring as many rows takes."""
    labels = f"{drawing.labels} label" + "s" * (drawing.labels > 1)
    seconds = drawing.seconds_of_thousand
    claims = [Claim(f"1,000 draws of {drawing.rows:,} rows, {labels}, {drawing.slices} slices", [seconds], unit="s")]
    for scoring in scorings:
        scored = drawing.rows / statistics.median(rates(scoring)[STEP])
        claims.append(Claim(f"… of what scoring as many {scoring.workload} takes", [100 * seconds / scored], unit="%"))
    return claims


def memory_claims(peaks: Sequence[Peak]) -> list[Claim]:
    """How the peak grows from the fewest rows to the most. None where all are as many."""
    fewest, most = min(peaks, key=lambda peak: peak.rows), max(peaks, key=lambda peak: peak.rows)
    if fewest.rows == most.rows:
        return []
    growth = (most.peak_mib - fewest.peak_mib) * _MIB / (most.rows - fewest.rows)
    named = f"peak memory, {most.rows:,} / {fewest.rows:,} rows"
    return [
        Claim(named, [most.peak_mib / fewest.peak_mib], bound=AT_MOST, goal=MEMORY_GOAL),
        Claim("… bytes a row that it grows by", [growth], unit="B"),
    ]


def workload_sentence(scoring: Scoring, model: str) -> str:
    """What was scored, and with what."""
    texts = f"{scoring.rows:,} texts of {scoring.mean_words:.0f} words ({scoring.source})"
    return f"\n{scoring.workload}: {texts}; model: {model}"


def equality_sentence(scoring: Scoring) -> str:
    """That both sides said the same."""
    return f"{scoring.workload}: the scores of both sides differ by {scoring.largest_difference:.1g} at most"


def load_sentence(scorings: Sequence[Scoring]) -> str:
    """What is left out on both sides alike."""
    medians = {side: _median(scorings, side, lambda took: took.load_seconds) for side in (STEP, PLAIN)}
    told = ", ".join(f"{side} {seconds:.1f} s" for side, seconds in medians.items())
    return f"loading the model, which no figure of either side holds: {told}"


def memory_table(peaks: Sequence[Peak]) -> Table:
    """Peaks by rows."""
    shown = Table(title="\npeak resident memory of the whole step, MiB", title_justify="left")
    for column in ("rows", "peak", "what imports held"):
        shown.add_column(column, justify="right")
    for peak in sorted(peaks, key=lambda peak: peak.rows):
        shown.add_row(f"{peak.rows:,}", f"{peak.peak_mib:.0f}", f"{peak.imported_mib:.0f}")
    return shown


def as_json(scoring: Scoring) -> dict[str, Any]:
    """A workload's runs for programs."""
    return {**dataclasses.asdict(scoring), "rows_per_second": rates(scoring)}


def _each(run: SideRun, rows: int, figure: Callable[[Took], float]) -> float:
    """Seconds of a kind for each row beyond the few."""
    return (figure(run.all) - figure(run.few)) / (rows - FEW)


def _seconds(took: Took) -> float:
    return took.seconds


def _processors(took: Took) -> float:
    return took.processor_seconds


def _median(scorings: Sequence[Scoring], side: str, figure: Callable[[Took], float]) -> float:
    runs: list[Mapping[str, Sequence[SideRun]]] = [scoring.runs for scoring in scorings]
    return statistics.median(figure(run.all) for each in runs for run in each[side])
