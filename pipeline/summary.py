"""What a run leaves to read: tables on the terminal, JSON for programs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.steps import Step
from pipeline.verdict import Outcome, Scored, Verdict

_STYLES = {
    Verdict.PUSHED: "bold green",
    Verdict.UNCHANGED: "bold blue",
    Verdict.NOT_BLESSED: "bold yellow",
    Verdict.STOPPED: "bold red",
}


def summarise(outcome: Outcome, steps: list[Step], paths: dict[str, str], seconds: float) -> dict[str, Any]:
    """The run as a JSON value: verdict, reasons, metrics beside their thresholds, version, seconds by step, paths."""
    evaluation = outcome.evaluation or {}
    return {
        "verdict": outcome.verdict.value,
        "reasons": outcome.reasons,
        "version": outcome.version,
        "metrics": evaluation.get("metrics"),
        "baseline_metrics": evaluation.get("baseline_metrics"),
        "baseline_version": evaluation.get("baseline_version"),
        "thresholds": evaluation.get("thresholds"),
        "checks": evaluation.get("checks", []),
        "samples": [vars(scored) for scored in outcome.samples],
        "seconds": round(seconds, 1),
        "steps": {step.name: {"state": step.state.value, "seconds": round(step.seconds, 1)} for step in steps},
        "paths": paths,
    }


def write_summary(summary: dict[str, Any], path: Path) -> None:
    """Writes the summary so that a reader never meets half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)


def print_outcome(console: Console, outcome: Outcome, paths: dict[str, str]) -> None:
    """Prints metrics beside thresholds, the sample texts' scores, where everything lies, and the verdict last."""
    evaluation = outcome.evaluation
    if evaluation and evaluation["checks"]:
        console.print(_checks_table(evaluation["checks"]))
    if outcome.samples:
        console.print(_samples_table(outcome.samples))
    for name, path in paths.items():
        console.print(Text.assemble((f"{name:<10} ", "dim"), path), soft_wrap=True)
    console.print()
    console.print(Text(outcome.sentence, _STYLES[outcome.verdict]), soft_wrap=True)


def _checks_table(checks: list[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("slice", "metric", "gate"):
        table.add_column(name)
    for name in ("value", "limit"):
        table.add_column(name, justify="right")
    table.add_column("")
    for check in checks:
        passed = Text("passed", "green") if check["passed"] else Text("FAILED", "bold red")
        gate = check["kind"].replace("_", " ")
        table.add_row(check["slice"], check["metric"], gate, _figure(check["value"]), _figure(check["limit"]), passed)
    return table


def _samples_table(samples: list[Scored]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("serving_default answers")
    table.add_column("score", justify="right")
    table.add_column("predicted")
    for scored in samples:
        table.add_row(Text(scored.text), f"{scored.score:.4f}", scored.predicted)
    return table


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"
