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
from components.rounded import rounded

TITLE = "Durations"


def measure(run: Told) -> dict[str, Any]:
    """Seconds by step."""
    if not run.steps:
        raise NotThereError("No step was begun." if run.knows_steps else "Nothing is known of the steps any more.")
    steps = {step.name: {"state": step.state, "seconds": rounded(step.seconds, 3)} for step in run.steps}
    return {"seconds": run.seconds, "steps": steps}


def show(numbers: Mapping[str, Any]) -> Section:
    """A bar a step, of those whose time is known."""
    steps = numbers["steps"]
    rows = tuple((name, known["state"], words.duration(known["seconds"])) for name, known in steps.items())
    table = Table(("step", "state", "time"), rows, names=2)
    total = f"{words.duration(numbers['seconds'])} in all." if numbers["seconds"] is not None else ""
    seconds = {name: known["seconds"] for name, known in steps.items() if known["seconds"] is not None}
    unknown = "" if seconds else "How long each step took is not known here."
    notes = tuple(filter(None, (total, unknown)))
    if not any(seconds.values()):
        return Section(notes=notes, first=(("Steps", table),))
    svg = drawing.bars("durations", list(seconds), {"": list(seconds.values())}, "seconds")
    longest = max(seconds, key=lambda name: seconds[name])
    alt = f"Bars: seconds by step. The longest, {longest}, took {words.duration(seconds[longest])}. {total}".strip()
    return Section(notes=notes, figures=(Figure("durations", "Time by step", svg, alt, table),))
