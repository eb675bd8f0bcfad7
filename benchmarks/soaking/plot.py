"""Draws a soak test: `python -m benchmarks.soaking.plot FIGURES.json PLOT.png`, in the benchmarks' environment."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot

_COLOURS = {"good": "tab:green", "bad": "tab:red", "storm": "tab:purple", "removed": "tab:grey"}


def draw(figures: dict[str, Any], file: Path) -> None:
    """Memory, threads and files of the server, and the latency of valid requests, over the minutes."""
    figure, (memory, counts, latency) = pyplot.subplots(3, 1, sharex=True, figsize=(10, 8), layout="constrained")
    samples, records = figures["samples"], figures["records"]
    minutes = [sample["at"] / 60 for sample in samples]
    memory.plot(minutes, [sample["rss_mib"] for sample in samples])
    memory.set(ylabel="resident memory, MiB", ylim=(0, None))
    for name, label in (("threads", "threads"), ("files", "open files")):
        counts.plot(minutes, [sample[name] for sample in samples], label=label)
    counts.set(ylim=(0, None))
    counts.legend(loc="lower right")
    for kind in sorted({record["kind"] for record in records}):
        chosen = [record for record in records if record["kind"] == kind]
        latency.plot([r["at"] / 60 for r in chosen], [r["ms"] for r in chosen], ".", markersize=2, label=kind)
    latency.set(ylabel="valid requests, ms", xlabel="minutes", yscale="log")
    latency.legend(loc="upper right")
    _mark(figures["summary"]["events"], (memory, counts, latency))
    figure.savefig(file, dpi=110)


def _mark(events: list[dict[str, Any]], axes: tuple[Any, ...]) -> None:
    for event in events:
        colour = _COLOURS.get(event["what"].split()[0], "black")
        for axis in axes:
            axis.axvline(event["at"] / 60, color=colour, alpha=0.4, linewidth=0.8)
    legend = [pyplot.Line2D([], [], color=colour, alpha=0.6, label=name) for name, colour in _COLOURS.items()]
    axes[0].legend(handles=legend, loc="lower right", ncols=len(legend))


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
