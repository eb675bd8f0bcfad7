from __future__ import annotations

import concurrent.futures

import pytest

from benchmarks.soaking import storm
from benchmarks.soaking.storm import TROUBLES, Target
from serving.launch import free_ports


@pytest.fixture(scope="module")
def nobody():
    """Ports that nobody listens at."""
    port, rest_port = free_ports(2)
    return Target(f"127.0.0.1:{port}", f"http://127.0.0.1:{rest_port}", "model")


def test_trouble_with_a_server_that_is_gone_is_an_outcome_and_no_error(nobody):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = dict(zip(TROUBLES, pool.map(lambda trouble: trouble(nobody), TROUBLES.values()), strict=True))
    assert storm.OK not in found.values()
    assert found["gRPC: unknown model"] == "UNAVAILABLE"
    assert found["REST: no JSON"] == "ConnectError"
    assert found["gRPC port: garbage"] == "ConnectionRefusedError"
    assert found["gRPC port: TLS"] == "ConnectionRefusedError"


def test_outcomes_of_storms_add_up(nobody, monkeypatch):
    monkeypatch.setattr(storm, "_HALF_OPEN_SECONDS", 0)
    monkeypatch.setattr(storm, "TROUBLES", {"one": lambda target: "refused", "two": lambda target: storm.OK})
    outcomes: storm.Outcomes = {}
    told = [storm.storm(nobody, outcomes) for _ in range(2)]
    assert outcomes["one"] == {"refused": 12}
    assert outcomes["two"] == {storm.OK: 12}
    assert outcomes["half-open connections"] == {"ConnectionRefusedError": 40}
    assert all(text.startswith("storm of 32") for text in told)
