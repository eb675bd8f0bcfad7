"""Finds the cause of a failed run, and says it in a few lines."""

from __future__ import annotations

import traceback
from pathlib import Path

from components.errors import BertlineError, DataGateError, causes

_MOST_LINES = 4
_ROOT = Path(__file__).resolve().parents[1]
_OURS = tuple(f"{_ROOT / name}/" for name in ("pipeline", "components", "serving"))


def explain(error: BaseException) -> str:
    """The cause of a failure: our own error's text as it is, any other with its type and the place it came from.

    Beam and TFX wrap what a step raises, so the whole chain of causes is looked through for an error of ours.
    """
    chain = list(causes(error))
    for cause in chain:
        if isinstance(cause, BertlineError):
            return str(cause)
    if any(isinstance(cause, KeyboardInterrupt) for cause in chain):
        return "it was interrupted"
    root = chain[-1]
    lines = [line for line in str(root).splitlines() if line.strip()][:_MOST_LINES]
    return "\n".join([f"{type(root).__name__}: {lines[0] if lines else 'no message'}{_place(root)}", *lines[1:]])


def report_of(error: BaseException) -> str | None:
    """The folder of what the data gate found, where it is what stopped the run."""
    return next((cause.report for cause in causes(error) if isinstance(cause, DataGateError)), None)


def _place(error: BaseException) -> str:
    called = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in called if frame.filename.startswith(_OURS)]
    return f" (at {frames[-1].filename}:{frames[-1].lineno})" if frames else ""
