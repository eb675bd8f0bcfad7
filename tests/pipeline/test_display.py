from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from components import progress
from pipeline.display import Display, busy
from pipeline.steps import State, Step


def show(terminal: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, color_system=None, legacy_windows=False)
    steps = [Step("Transform"), Step("Trainer"), Step("Pusher")]
    display = Display(console, steps)
    with display.showing():
        steps[0].start()
        display.changed(steps[0])
        steps[0].end(State.CACHED)
        display.changed(steps[0])
        steps[1].start()
        display.changed(steps[1])
        for done in range(1, 101):
            progress.report(progress.Progress(done, 100, "examples", {"loss": 0.25, "examples/s": 20.0}))
        steps[1].end(State.FAILED)
        display.changed(steps[1])
    progress.report(progress.Progress(1, 1, "nobody listens"))
    return out.getvalue()


def test_without_a_terminal_there_is_a_line_a_step_and_ten_lines_of_progress():
    lines = show(terminal=False).splitlines()
    assert lines[0].split()[:2] == ["Transform", "cached"]
    assert lines[-1].split()[:2] == ["Trainer", "failed"]
    progressed = [line for line in lines if "examples/s 20" in line]
    assert len(progressed) == 10
    assert progressed[-1].split()[0] == "100/100"


@pytest.mark.parametrize("show", [busy, lambda console, _: Display(console, []).showing()])
def test_what_libraries_print_does_not_get_into_the_display(capsys, show):
    out = io.StringIO()
    with show(Console(file=out, force_terminal=True), "loading"):
        print("noise")
        print("warning", file=sys.stderr)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("noise\n", "warning\n")
    assert "noise" not in out.getvalue()
    assert "warning" not in out.getvalue()


def test_a_terminal_shows_every_step_with_its_state():
    shown = show(terminal=True)
    assert all(word in shown for word in ("Transform", "cached", "Trainer", "failed", "Pusher", "waiting"))
    assert "nobody listens" not in shown
