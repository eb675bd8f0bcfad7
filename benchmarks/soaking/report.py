"""What ten minutes come to."""

from __future__ import annotations

import collections
import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from benchmarks.soaking import sampling, storm
from benchmarks.soaking.sampling import Sample

WARM_UP_SECONDS = 60.0
_ERRORS_SHOWN = 10

Record = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Event:
    """Something done to the server, `at` seconds after the start."""

    at: float
    what: str


def summarise(
    records: Sequence[Record], samples: Sequence[Sample], events: Sequence[Event], outcomes: storm.Outcomes
) -> dict[str, Any]:
    """All figures, for programs."""
    failed = [record for record in records if record["error"]]
    return {
        "requests": {kind: _requests(records, kind) for kind in sorted({record["kind"] for record in records})},
        "sent": len(records),
        "failed": len(failed),
        "errors": collections.Counter(record["error"] for record in failed).most_common(_ERRORS_SHOWN),
        "failed_at": [record["at"] for record in failed],
        "versions": sorted({record["version"] for record in records if record["version"] is not None}),
        "process": _process(samples),
        "malformed": outcomes,
        "malformed_answered": sum(found.get(storm.OK, 0) for found in outcomes.values()),
        "events": [dataclasses.asdict(event) for event in events],
    }


def _requests(records: Sequence[Record], kind: str) -> dict[str, Any]:
    of_kind = [record for record in records if record["kind"] == kind]
    times = sorted(record["ms"] for record in of_kind)
    return {
        "sent": len(of_kind),
        "failed": sum(bool(record["error"]) for record in of_kind),
        "p50_ms": statistics.median(times),
        "p99_ms": times[int(0.99 * (len(times) - 1))],
        "max_ms": times[-1],
    }


def _process(samples: Sequence[Sample]) -> dict[str, Any]:
    warm = [sample for sample in samples if sample.at >= WARM_UP_SECONDS] or list(samples)
    minutes = sampling.by_minute(samples)
    return {
        "rss_start_mib": samples[0].rss_mib,
        "rss_warm_mib": warm[0].rss_mib,
        "rss_end_mib": samples[-1].rss_mib,
        "rss_peak_mib": max(sample.rss_mib for sample in samples),
        "rss_by_minute_mib": minutes,
        "rss_slope_mib_per_minute": sampling.slope(minutes[1:]),
        "threads": [samples[0].threads, warm[0].threads, samples[-1].threads],
        "files": [samples[0].files, warm[0].files, samples[-1].files],
        "processors_used": (samples[-1].processor_seconds - samples[0].processor_seconds)
        / max(samples[-1].at - samples[0].at, 1e-9),
    }


def requests_table(summary: Mapping[str, Any]) -> Table:
    """Valid requests: sent, failed, latency."""
    table = Table(title="valid requests", title_justify="left")
    for name in ("", "sent", "failed", "p50 ms", "p99 ms", "max ms"):
        table.add_column(name, justify="right" if name else "left")
    for kind, found in summary["requests"].items():
        colour = "[red]" if found["failed"] else "[green]"
        times = [f"{found[name]:.0f}" for name in ("p50_ms", "p99_ms", "max_ms")]
        table.add_row(kind, str(found["sent"]), f"{colour}{found['failed']}", *times)
    return table


def process_table(summary: Mapping[str, Any]) -> Table:
    """The server process: at the start, when warm, at the end."""
    process = summary["process"]
    table = Table(title="server process", title_justify="left")
    for name in ("", "start", f"after {WARM_UP_SECONDS:.0f} s", "end"):
        table.add_column(name, justify="right" if name else "left")
    table.add_row("resident memory, MiB", *(f"{process[f'rss_{when}_mib']:.0f}" for when in ("start", "warm", "end")))
    for name in ("threads", "files"):
        table.add_row({"files": "open files"}.get(name, name), *map(str, process[name]))
    return table


def malformed_table(summary: Mapping[str, Any]) -> Table:
    """What came back, by kind of malformed request."""
    table = Table(title="malformed requests", title_justify="left")
    table.add_column("kind")
    table.add_column("came back")
    for kind, found in sorted(summary["malformed"].items()):
        table.add_row(kind, ", ".join(f"{outcome} {count}" for outcome, count in sorted(found.items())))
    return table


def sentences(summary: Mapping[str, Any]) -> list[str]:
    """What the tables do not say."""
    process = summary["process"]
    minutes = "  ".join(f"{value:.0f}" for value in process["rss_by_minute_mib"])
    versions = ", ".join(map(str, summary["versions"]))
    rise, peak = process["rss_slope_mib_per_minute"], process["rss_peak_mib"]
    return [
        f"memory by minute (median, MiB): {minutes}",
        f"it rises by {rise:+.1f} MiB a minute after the first; at most it was {peak:.0f} MiB (two versions at a swap)",
        f"versions that answered: {versions}; processors used: {process['processors_used']:.2f}",
        f"malformed requests that were answered as if they were right: {summary['malformed_answered']}",
        *(f"[red]{count} failed: {error}" for error, count in summary["errors"]),
    ]
