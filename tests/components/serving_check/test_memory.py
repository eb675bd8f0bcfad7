from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from components.serving_check.memory import resident_mb


def test_it_is_that_of_the_process():
    assert resident_mb(os.getpid()) == pytest.approx(psutil.Process().memory_info().rss / 2**20, rel=0.2)


def test_children_count():
    code = "import time; held = bytearray(200 << 20); print('ready', flush=True); time.sleep(60)"
    before = resident_mb(os.getpid())
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        held = resident_mb(os.getpid())
        child.kill()
    assert held - before > 150


def test_a_process_that_ended_holds_nothing_to_measure():
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    with pytest.raises(psutil.NoSuchProcess):
        resident_mb(child.pid)
