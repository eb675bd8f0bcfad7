"""Measures scoring, the bootstrap and memory, in processes that are theirs alone."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import rounds
from benchmarks.environment import ROOT, BenchmarkError
from benchmarks.evaluating.names import PLAIN, STEP
from benchmarks.peers import worker
from benchmarks.peers.worker import Worker
from benchmarks.rounds import Measurement, Tell

FEW = 32  # a batch: what a side costs whatever the number of rows
DRAWN_ROWS = 25_000  # as many as IMDB's test split has
_MODULE = "benchmarks.evaluating.process"
# Of the bootstrap's work nothing is kept but a number a draw and a figure: a few draws hold what a thousand do.
_MEMORY_DRAWS = 20


@dataclasses.dataclass(frozen=True)
class Took:
    """Seconds and processor seconds of one run, without those of loading the model, which took `load_seconds`."""

    seconds: float
    processor_seconds: float
    load_seconds: float


@dataclasses.dataclass(frozen=True)
class SideRun:
    """One round of a side: all rows of the workload, and a few of them."""

    all: Took
    few: Took


@dataclasses.dataclass(frozen=True)
class Scoring:
    """Both sides on one workload.

    Attributes:
        workload: its name.
        source: where its texts are from.
        rows: how many examples.
        mean_words: of a text.
        largest_difference: between the two sides' scores of an example.
        runs: by side, one a round.
    """

    workload: str
    source: str
    rows: int
    mean_words: float
    largest_difference: float
    runs: Mapping[str, Sequence[SideRun]]


@dataclasses.dataclass(frozen=True)
class Drawing:
    """The bootstrap on made-up predictions."""

    rows: int
    labels: int
    slices: int
    draws: int
    seconds: float

    @property
    def seconds_of_thousand(self) -> float:
        """What 1,000 draws take: as many times as long as one."""
        return self.seconds / self.draws * 1000


@dataclasses.dataclass(frozen=True)
class Peak:
    """The most that the process of a whole step held, in MiB, and what its imports held of it."""

    rows: int
    peak_mib: float
    imported_mib: float


def make_model(folder: Path, *, trivial: bool) -> Path:
    """Makes a model to score with, in a process of its own.

    Raises:
        WorkerError: it failed.
    """
    folder.mkdir(parents=True)
    with _process(folder) as process:
        process.ask("make_model", folder=str(folder / "model"), trivial=trivial)
    return folder / "model"


def scoring(workload: str, rows: int, model: Path, count: int, folder: Path, tell: Tell) -> Scoring:
    """Measures both sides in turn, after their scores were found equal.

    Args:
        workload: its name.
        rows: how many texts.
        model: the SavedModel's folder.
        count: of the rounds.
        folder: for what is written, which is made.
        tell: is told of each figure as it comes.

    Raises:
        WorkerError: a side failed, or the two differ in a score.
    """
    folder.mkdir(parents=True)
    with _process(folder) as process:
        written = process.ask(
            "write_workload", workload=workload, rows=rows, few=FEW, model=str(model), folder=str(folder / "examples")
        )
    with _process(folder, "step") as step, _process(folder, "plain") as plain:
        sides = {
            STEP: lambda part: _step(step, written[part], model, folder / "run"),
            PLAIN: lambda part: plain.ask("plain", file=written[part]["file"], model=str(model)),
        }
        tell(f"{workload}: comparing the scores of both sides")
        sides[PLAIN]("all")
        evaluation = sides[STEP]("all")["evaluation"]
        difference = plain.ask("compare", evaluation=evaluation)["largest_difference"]
        runs = _in_turn(sides, count, lambda text: tell(f"{workload}: {text}"))
    about = {name: written[name] for name in ("source", "mean_words")}
    return Scoring(workload=workload, rows=written["all"]["rows"], largest_difference=difference, runs=runs, **about)


def drawing(labels: int, draws: int, folder: Path) -> Drawing:
    """Measures the bootstrap. Raises WorkerError where it fails."""
    folder.mkdir(parents=True)
    with _process(folder) as process:
        process.ask("load")
        told = process.ask("draw", rows=DRAWN_ROWS, labels=labels, draws=draws)
    return Drawing(DRAWN_ROWS, labels, told["slices"], draws, told["seconds"])


def memory(rows: int, model: Path, folder: Path) -> Peak:
    """Runs the whole step on generated texts in a process that did nothing else. Raises WorkerError where it fails."""
    folder.mkdir(parents=True)
    with _process(folder) as process:
        written = process.ask("write_generated", rows=rows, model=str(model), folder=str(folder / "examples"))
    with _process(folder) as process:
        loaded = process.ask("load")
        told = _step(process, written, model, folder / "run", _MEMORY_DRAWS)
    shutil.rmtree(folder)
    return Peak(written["rows"], told["peak_mib"], loaded["resident_mib"])


def _in_turn(sides: Mapping[str, Callable[[str], dict[str, Any]]], count: int, tell: Tell) -> dict[str, list[SideRun]]:
    """Each side's runs, one a round; nobody needs to warm up who has just been compared."""
    runs: dict[str, list[SideRun]] = {side: [] for side in sides}

    def measured(side: str) -> Callable[[], Measurement]:
        def measure_once() -> Measurement:
            runs[side].append(SideRun(all=_took(sides[side]("all")), few=_took(sides[side]("few"))))
            return Measurement(runs[side][-1].all.seconds, {})

        return measure_once

    rounds.interleave({f"{side}, seconds": measured(side) for side in sides}, count, tell, warm_up=False)
    return runs


def _step(process: Worker, written: Mapping[str, Any], model: Path, home: Path, resamples: int = 0) -> dict[str, Any]:
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    return process.ask("step", examples=written["folder"], model=str(model), home=str(home), resamples=resamples)


def _took(told: Mapping[str, Any]) -> Took:
    if told["loads"] != 1:
        raise BenchmarkError(
            f"{told['loads']} loads of the model were seen, where there is one; TFMA loads by another function now: "
            "mend benchmarks/evaluating/loading.py"
        )
    return Took(told["seconds"], told["processor_seconds"], told["load_seconds"])


@contextlib.contextmanager
def _process(folder: Path, name: str = "process") -> Iterator[Worker]:
    with worker.start(Path(sys.executable), _MODULE, ROOT, folder / f"{name}.log") as process:
        yield process
