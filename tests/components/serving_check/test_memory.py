from __future__ import annotations

import contextlib
import subprocess
import sys

import psutil
import pytest

from components.serving_check.memory import resident_mb

HOLD = "held = bytearray(200 << 20); print('ready', flush=True); input()"
HOLD_IN_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLD!r}])"


@contextlib.contextmanager
def running(code):
    """A process that has said that it is ready: not this one, which may have children of other tests."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], text=True, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.communicate("\n")


def test_it_is_that_of_the_process():
    with running(HOLD) as process:
        assert resident_mb(process.pid) == pytest.approx(psutil.Process(process.pid).memory_info().rss / 2**20, rel=0.2)


def test_children_count():
    with running(HOLD_IN_A_CHILD) as process:
        assert psutil.Process(process.pid).memory_info().rss < 100 << 20
        assert resident_mb(process.pid) > 200


def test_a_process_that_ended_holds_nothing_to_measure():
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    with pytest.raises(psutil.NoSuchProcess):
        resident_mb(child.pid)
