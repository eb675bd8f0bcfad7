"""What a server that loaded the model showed: answers, latency, memory; and how large the model is."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.page.tables import MISSED, Table, name_of
from components.report import words
from components.report.section import Section
from components.report.told import NotThereError, Told
from components.trainer.files import SERVING_MODEL

TITLE = "Serving"
_MEGABYTE = 1 << 20
_SHOWN_WHOLE_FROM = 100


def measure(run: Told) -> dict[str, Any]:
    """The serving check's findings, and the bytes of the model's files."""
    if run.serving is None:
        raise NotThereError(f"{run.why('ServingCheck')} No server was asked.")
    known = run.serving
    return {
        **{key: known.get(key) for key in ("release", "server", "blessed")},
        "checks": list(known["checks"]),
        "model_bytes": _size(run),
    }


def show(numbers: Mapping[str, Any]) -> Section:
    """A row a check."""
    rows = tuple(
        (
            name_of(check["name"]),
            "passed" if check["passed"] else MISSED,
            _measured(check["value"], check["unit"]),
            _measured(check["limit"], check["unit"]),
        )
        for check in numbers["checks"]
    )
    notes = [f"Asked: {numbers['server']}, for TensorFlow Serving {numbers['release']}."]
    if numbers["model_bytes"]:
        notes.append(f"The model's files have {numbers['model_bytes'] / _MEGABYTE:,.1f} MB.")
    missed = tuple(check["sentence"] for check in numbers["checks"] if not check["passed"])
    table = Table(("check", "result", "value", "limit"), rows, names=2)
    return Section(tuple(notes), first=(("What the server showed", table),), remarks=tuple(dict.fromkeys(missed)))


def _size(run: Told) -> int | None:
    """Of the exported model's files; None where they are not on this machine any more."""
    with contextlib.suppress(NotThereError, OSError):
        folder = Path(run.output("Trainer", "model"), SERVING_MODEL)
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) or None
    return None


def _measured(value: float | str | None, unit: str) -> str:
    if value is None or isinstance(value, str):
        return words.told(value)
    return f"{value:,.0f} {unit}".strip() if value >= _SHOWN_WHOLE_FROM else f"{value:.3g} {unit}".strip()
