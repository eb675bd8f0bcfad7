from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.environment import ROOT
from benchmarks.peers import worker

MODULE = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from benchmarks.peers import worker

def double(number):
    print("a library prints this")
    return {{"doubled": 2 * number}}

def die():
    print("last words", file=sys.stderr, flush=True)
    os._exit(3)

worker.serve({{"double": double, "die": die}})
"""


@pytest.fixture
def running(tmp_path):
    (tmp_path / "doubler.py").write_text(MODULE)
    with worker.start(Path(sys.executable), "doubler", tmp_path, tmp_path / "log") as started:
        yield started


def test_commands_are_answered_in_turn_whatever_else_is_printed(running):
    assert [running.ask("double", number=number) for number in (1, 2)] == [{"doubled": 2}, {"doubled": 4}]


def test_a_command_that_fails_says_why_and_the_next_one_runs(running):
    with pytest.raises(worker.WorkerError, match="'double' failed: TypeError"):
        running.ask("double", number=None)
    assert running.ask("double", number=3) == {"doubled": 6}


def test_a_worker_that_dies_is_told_with_its_last_words(running):
    with pytest.raises(worker.WorkerError, match=r"ended with code 3:\nlast words"):
        running.ask("die")
    with pytest.raises(worker.WorkerError, match="ended with code 3"):
        running.ask("double", number=1)
