"""A training in a few sentences, from the record that the Trainer leaves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def account_of_training(record: Mapping[str, Any]) -> list[str]:
    """What was trained and where it began, what calibration and thresholds came to, and what there is to be wary of.

    Args:
        record: the Trainer's history.json.
    """
    return [_trained(record), _decided(record["decisions"], record["float32"]), *_remarks(record)]


def _trained(record: Mapping[str, Any]) -> str:
    epochs, best = len(record["epochs"]["loss"]), record["best_epoch"]
    selected = record["training"]["select_by"]
    value = record["epochs"][f"val_{selected}"][best - 1]
    told = f"trained {epochs} epoch{'s' * (epochs > 1)}, {record['steps']:,} steps in {record['precision']} on "
    told += f"{record['devices']}; the best is epoch {best}: {selected} {_figure(value)} on the eval split"
    resumed = record["resumed_at_step"]
    return told if resumed is None else f"{told}; went on at step {resumed:,}"


def _decided(decisions: Mapping[str, Any], float32: Mapping[str, Any]) -> str:
    ece = decisions["ece"]
    told = f"temperature {_range(decisions['temperature'])}, calibration error (ECE) {_figure(ece['before'])} → "
    told += _figure(ece["after"])
    if decisions["thresholds"] is not None:
        tuned = "" if decisions["tuned_for"] == "none" else f" (tuned for {decisions['tuned_for']})"
        told += f"; threshold {_range(decisions['thresholds'])}{tuned}"
    return (
        f"{told}; float32 differs by {float32['largest_difference']:.2g} in score, and in {float32['flips']:,} of "
        f"{float32['examples']:,} answers"
    )


def _remarks(record: Mapping[str, Any]) -> Iterator[str]:
    warm_start = record["warm_start"]
    if warm_start is not None and not warm_start["used"]:
        yield f"note: not begun from the served model: {warm_start['reason']}"
    yield from (f"note: {warning}" for warning in record["decisions"]["warnings"])
    yield from (f"note: {problem}" for problem in record["tracking_problems"])


def _range(values: Sequence[float]) -> str:
    lowest, highest = min(values), max(values)
    return f"{lowest:.3g}" if lowest == highest else f"{lowest:.3g} to {highest:.3g}"


def _figure(value: float | None) -> str:
    return "none" if value is None or math.isnan(value) else f"{value:.4f}"
