"""All numbers of a report, as JSON has them."""

from __future__ import annotations

import json
import logging
from types import ModuleType
from typing import Any

from components import strict_json
from components.report.sections import (
    comparison,
    confusion,
    curves,
    data,
    durations,
    errors,
    gates,
    lineage,
    samples,
    serving,
    slices,
    training,
)
from components.report.told import NotThereError, Told

# In the order of the page, below the verdict.
SECTIONS: dict[str, ModuleType] = {
    "gates": gates,
    "data": data,
    "training": training,
    "curves": curves,
    "confusion": confusion,
    "slices": slices,
    "comparison": comparison,
    "errors": errors,
    "samples": samples,
    "serving": serving,
    "lineage": lineage,
    "durations": durations,
}
MISSING = "missing"
_LOG = logging.getLogger(__name__)


def collect(run: Told) -> dict[str, Any]:
    """The numbers by section; where there are none, a section has `missing`, a sentence that says why.

    Whatever a run left half-written or damaged costs its section, not the report.
    """
    numbers = {"verdict": _verdict(run), **{name: _measure(name, run) for name in SECTIONS}}
    return json.loads(strict_json.dumps(numbers))


def _verdict(run: Told) -> dict[str, Any]:
    known = run.evaluation or {}
    return {
        "task": run.task,
        "run_id": run.run_id,
        "started": run.started,
        "seconds": run.seconds,
        "verdict": run.verdict,
        "sentence": run.sentence,
        "reasons": list(run.reasons),
        "notes": list(known.get("notes") or ()),
        "forced": known.get("forced"),
        "missed": list(known.get("reasons") or ()) if known.get("forced") else [],
        "version": run.version,
    }


def _measure(name: str, run: Told) -> dict[str, Any]:
    try:
        return SECTIONS[name].measure(run)
    except NotThereError as error:
        return {MISSING: str(error)}
    except Exception as error:  # noqa: BLE001  a report of a broken run is what a reader needs most
        _LOG.warning("the section %s is missing from the report", name, exc_info=True)
        return {MISSING: f"What the run left cannot be read ({type(error).__name__})."}
