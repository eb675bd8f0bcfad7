from __future__ import annotations

import subprocess
import sys
import time

import psutil

from benchmarks.ingesting import peak


def test_the_peak_begins_anew_when_it_is_reset():
    held = bytearray(b"x") * (64 * peak.MIB)
    high = peak.peak_mib()
    del held
    peak.reset()
    assert high - peak.peak_mib() > 32
    held = bytearray(b"x") * (64 * peak.MIB)
    assert peak.peak_mib() - peak.resident_mib() < 8
    assert len(held) == 64 * peak.MIB


def test_what_children_hold_is_seen():
    code = f"import sys; held = b'x' * {100 * peak.MIB}; print(len(held), flush=True); sys.stdin.read()"
    # A server that other tests of this process ask may be running.
    others = sum(child.memory_info().rss for child in psutil.Process().children(recursive=True)) / peak.MIB
    with peak.Children() as children:
        process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        deadline = time.monotonic() + 20
        while children.peak_mib - others < 100 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.stdin.close()
        process.stdout.close()
        process.wait()
    assert 100 < children.peak_mib - others < 400
