from __future__ import annotations

import io

import pytest
from rich.console import Console

from components.progress import Progress
from pipeline.progress_lines import ProgressLines


@pytest.fixture
def shown():
    """Prints of each (done, total), and gives the lines that came of it."""
    out = io.StringIO()
    lines = ProgressLines(Console(file=out, force_terminal=False, width=80), 4)

    def show(*progress, begin=False):
        if begin:
            lines.begin()
        before = len(out.getvalue())
        for done, total in progress:
            lines.show(Progress(done, total, "bytes"), "")
        return [line.split()[0] for line in out.getvalue()[before:].splitlines()]

    return show


def test_there_are_so_many_until_all_is_done(shown):
    assert shown(*((done, 1000) for done in range(1, 1001))) == ["250/1,000", "500/1,000", "750/1,000", "1,000/1,000"]
    assert shown((1000, 1000)) == []
    assert shown((1000, 1000), begin=True) == ["1,000/1,000"]


def test_of_an_unknown_total_there_is_one_whenever_it_has_doubled(shown):
    assert shown(*((done, None) for done in range(1, 1001))) == [f"{2**power:,}" for power in range(10)]


def test_nothing_to_do_is_done(shown):
    assert shown((0, 0)) == ["0/0"]
