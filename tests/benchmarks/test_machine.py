from __future__ import annotations

from benchmarks import machine


def test_the_machine_is_described_in_a_line():
    described = machine.describe()
    assert described["processors"] >= 1
    assert described["memory_gib"] >= 1
    line = machine.line(described)
    assert described["date"] in line
    assert described["processor"] in line


def test_a_busy_machine_is_warned_of():
    assert machine.warning({"load_average": 0.1}) is None
    assert "load average is 3.0" in str(machine.warning({"load_average": 3.0}))
