"""How long each step took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.page import drawing
from components.page.figure import Figure
from components.page.tables import Table
from components.report import words
from components.report.section import Section
from components.report.told import NotThereError, Told

TITLE = "Durations"


def measure(run: Told) -> dict[str, Any]:
    """Seconds by step."""
    if not run.steps:
        raise NotThereError("No step was begun.")
    steps = {step.name: {"state": step.state, "seconds": round(step.seconds, 3)} for step in run.steps}
    return {"seconds": run.seconds, "steps": steps}


def show(numbers: Mapping[str, Any]) -> Section:
    """A bar a step."""
    steps = numbers["steps"]
    seconds = [known["seconds"] for known in steps.values()]
    names = list(steps)
    longest = max(names, key=lambda name: steps[name]["seconds"])
    rows = tuple((name, known["state"], words.duration(known["seconds"])) for name, known in steps.items())
    table = Table(("step", "state", "time"), rows, names=2)
    total = f"{words.duration(numbers['seconds'])} in all." if numbers["seconds"] is not None else ""
    notes = tuple(filter(None, (total,)))
    if not any(seconds):
        return Section(notes=notes, first=(("Steps", table),))
    svg = drawing.bars("durations", names, {"": seconds}, "seconds")
    at_most = words.duration(steps[longest]["seconds"])
    alt = f"Bars: seconds by step. The longest, {longest}, took {at_most}. {total}".strip()
    return Section(notes=notes, figures=(Figure("durations", "Time by step", svg, alt, table),))
