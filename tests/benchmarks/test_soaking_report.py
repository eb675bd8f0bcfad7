from __future__ import annotations

import io

from rich.console import Console

from benchmarks.soaking import report
from benchmarks.soaking.report import Event
from benchmarks.soaking.sampling import Sample


def record(ms, kind="gRPC", version: int | None = 1, error=None):
    return {"at": 0.5, "kind": kind, "ms": ms, "version": version, "error": error}


RECORDS = [
    *(record(float(ms)) for ms in range(1, 101)),
    record(7.0, kind="REST", version=None),
    record(9.0, kind="REST", version=None, error="HTTP 500"),
    record(5.0, version=3),
]
SAMPLES = [
    Sample(at=float(second), rss_mib=500 + second / 60, threads=20, files=15, processor_seconds=second / 2)
    for second in range(180)
]
OUTCOMES = {"gRPC: huge body": {"RESOURCE_EXHAUSTED": 6}, "REST: no JSON": {"HTTP 400": 5, "answered": 1}}


def summary():
    return report.summarise(RECORDS, SAMPLES, [Event(5.0, "good version 2")], OUTCOMES)


def test_requests_are_counted_by_kind():
    found = summary()
    assert (found["sent"], found["failed"]) == (103, 1)
    assert found["requests"]["gRPC"] | {"p50_ms": 0} == {
        "sent": 101,
        "failed": 0,
        "p50_ms": 0,
        "p99_ms": 99.0,
        "max_ms": 100.0,
    }
    assert found["requests"]["REST"]["failed"] == 1
    assert found["errors"] == [("HTTP 500", 1)]
    assert found["versions"] == [1, 3]


def test_the_process_is_told_at_start_when_warm_and_at_the_end():
    process = summary()["process"]
    assert process["rss_start_mib"] == 500
    assert process["rss_warm_mib"] == 501
    assert process["rss_slope_mib_per_minute"] > 0.9
    assert process["processors_used"] == 0.5


def test_malformed_requests_that_were_answered_stand_out():
    found = summary()
    assert found["malformed_answered"] == 1
    assert any("as if they were right: 1" in sentence for sentence in report.sentences(found))


def test_tables_can_be_printed():
    console = Console(width=100, record=True, file=io.StringIO())
    for table in (report.requests_table, report.process_table, report.malformed_table):
        console.print(table(summary()))
    shown = console.export_text()
    assert "HTTP 400 5, answered 1" in shown
    assert "open files" in shown
