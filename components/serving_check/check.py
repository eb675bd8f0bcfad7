"""What a check found, and what all of them together mean.

Pure: no TensorFlow, no files.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable
from typing import Any

from components.errors import BertlineError

REPORT_FILE = "report.json"  # in the folder of the blessing
_PREFIX = "serving check: "


class ServingCheckError(BertlineError):
    """The check could not be made, through no fault of the model's."""


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what it was.
        value: what was found, a number in `unit` or a word; None where it could not be found out, which never passes.
        limit: what passes at most, in the same unit, or the word that passes.
        unit: of both, empty where they have none.
        passed: whether it did.
        sentence: the same for a reader, with the setting that holds the limit.
    """

    name: str
    value: float | str | None
    limit: float | str
    unit: str
    passed: bool
    sentence: str


@dataclasses.dataclass(frozen=True)
class Report:
    """Whether the model can be served. `release`: of TensorFlow Serving, targeted; `server`: the one that was asked."""

    release: str
    server: str
    checks: list[Check]

    @property
    def blessed(self) -> bool:
        """Whether every check passed."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def reasons(self) -> list[str]:
        """Why not: a sentence for each cause."""
        return list(dict.fromkeys(f"{_PREFIX}{check.sentence}" for check in self.checks if not check.passed))

    def to_json(self) -> str:
        """Strict JSON."""
        content: dict[str, Any] = {"blessed": self.blessed, "reasons": self.reasons, **dataclasses.asdict(self)}
        return json.dumps(content, indent=2, allow_nan=False)


def at_most(name: str, value: float, limit: float, unit: str, setting: str, what: str = "") -> Check:
    """The check that a measured value is no higher than the limit that a setting holds.

    Args:
        name: of the check.
        value: what was measured; a value that is not finite does not pass.
        limit: the highest that passes.
        unit: of both, empty where they have none.
        setting: its key in the configuration.
        what: the value in words, where the name does not say it.
    """
    passed = value <= limit
    told, allowed = _told_apart(value, limit)
    shown = f"{told} {unit}".strip()
    sentence = f"{what or name} {shown} is {'at most' if passed else 'above'} {setting} {allowed}"
    return Check(name, value if math.isfinite(value) else None, limit, unit, passed, sentence)


def failed(names: Iterable[str], sentence: str) -> list[Check]:
    """The checks that could not be made, all for one reason: none of them passes."""
    return [Check(name, None, "", "", False, sentence) for name in names]


def _told_apart(value: float, limit: float) -> tuple[str, str]:
    """Both with as few digits, three at least, as it takes to see that they differ."""
    for digits in range(3, 17):
        texts = _figure(value, digits), _figure(limit, digits)
        if texts[0] != texts[1]:
            return texts
    return repr(value), repr(limit)


def _figure(value: float, digits: int) -> str:
    """A number with so many significant digits, whole ones without an exponent."""
    return f"{value:,.0f}" if value >= 10**digits else f"{value:.{digits}g}"
