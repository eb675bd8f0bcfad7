"""Throughput and overhead of our server beside its peers: `python -m benchmarks.serving` (see benchmarks/README.md)."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from benchmarks import comparison, machine, models, table, workloads
from benchmarks.comparison import Result, Settings
from benchmarks.environment import BenchmarkError
from benchmarks.options import json_option
from benchmarks.peers.worker import WorkerError
from benchmarks.rounds import Tell
from components.errors import BertlineError
from serving.launch import LaunchError

_WIDTH = 120


@click.command()
@click.option("--reviews-model", type=click.Path(path_type=Path), help="A version's folder, or a push folder.")
@click.option("--questions-model", type=click.Path(path_type=Path), help="The same, for short texts.")
@click.option("--reviews", type=click.IntRange(min=0), default=192, show_default=True, help="Long texts; 0: none.")
@click.option("--questions", type=click.IntRange(min=0), default=768, show_default=True, help="Short texts; 0: none.")
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--clients", type=click.IntRange(min=1), default=32, show_default=True, help="At the same time.")
@json_option
def main(
    reviews_model: Path | None,
    questions_model: Path | None,
    reviews: int,
    questions: int,
    rounds: int,
    clients: int,
    json_file: Path | None,
) -> None:
    """Measure our server beside its peers, on long reviews and on short questions.

    Both models are those of `make demo`, unless others are given.
    """
    settings = Settings(rounds, clients, machine.processors())
    console = Console(width=_WIDTH)
    described = machine.describe()
    console.print(machine.line(described))
    if warned := machine.warning(described):
        console.print(f"[yellow]warning: {warned}")
    try:
        tasks = [("reviews", reviews, reviews_model), ("questions", questions, questions_model)]
        results = list(_compare_all(tasks, settings, _progress(Console(stderr=True, width=_WIDTH, highlight=False))))
    except (BenchmarkError, BertlineError, LaunchError, WorkerError) as error:
        raise click.ClickException(str(error)) from error
    for result in results:
        _print(console, result)
    if json_file:
        json_file.write_text(json.dumps(_as_json(described, settings, results), indent=1) + "\n")


def _compare_all(tasks: list[tuple[str, int, Path | None]], settings: Settings, tell: Tell) -> Iterator[Result]:
    kinds = {"reviews": (workloads.reviews, comparison.LONG), "questions": (workloads.questions, comparison.SHORT)}
    for kind, count, given in tasks:
        if count:
            make, goals = kinds[kind]
            yield comparison.compare(make(count), goals, models.version(given), settings, tell)


def _progress(console: Console) -> Tell:
    start = time.monotonic()
    return lambda text: console.print(f"{time.monotonic() - start:4.0f} s  {text}", style="dim")


def _print(console: Console, result: Result) -> None:
    workload, about = result.workload, result.about
    title = f"\n{workload.name}: {len(workload.texts)} texts of {workload.mean_words:.0f} words ({workload.source})"
    console.print(table.rates_table(title, result.rates))
    console.print(table.claims_table("", result.claims))
    for peer, said in about.items():
        console.print(f"{peer}: " + ", ".join(f"{key} {value}" for key, value in said.items()), highlight=False)


def _as_json(described: dict[str, Any], settings: Settings, results: list[Result]) -> dict[str, Any]:
    return {
        "machine": described,
        "settings": dataclasses.asdict(settings),
        "workloads": [
            {
                "name": result.workload.name,
                "source": result.workload.source,
                "texts": len(result.workload.texts),
                "mean_words": result.workload.mean_words,
                "model": result.model.name,
                "about": result.about,
                "claims": table.as_json(result.claims),
                "measurements": {
                    name: [{"value": each.value, **each.details} for each in found]
                    for name, found in result.found.items()
                },
            }
            for result in results
        ],
    }


if __name__ == "__main__":
    main()
