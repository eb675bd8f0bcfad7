"""How a run ended as a file, which the step Report leaves and Verdict reads."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.verdict import Outcome, Scored, Verdict


def write_outcome(outcome: Outcome, paths: Mapping[str, str], path: Path) -> None:
    """Writes the outcome, and by name the paths that people may want to look at."""
    document = {"outcome": dataclasses.asdict(outcome) | {"verdict": outcome.verdict.value}, "paths": dict(paths)}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def read_outcome_file(path: Path) -> tuple[Outcome, dict[str, str]]:
    """What `write_outcome` wrote."""
    document = json.loads(path.read_text(encoding="utf-8"))
    outcome = document["outcome"]
    samples = [_scored(sample) for sample in outcome["samples"]]
    return Outcome(**outcome | {"verdict": Verdict(outcome["verdict"]), "samples": samples}), document["paths"]


def _scored(sample: dict[str, Any]) -> Scored:
    """JSON has lists for tuples."""
    return Scored(_text(sample["text"]), sample["scores"], _text(sample["predicted"]))


def _text(value: str | list[str]) -> str | tuple[str, ...]:
    return value if isinstance(value, str) else tuple(value)
