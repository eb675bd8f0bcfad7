"""What was asked of the model, and what it reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.page.tables import MISSED, Table, name_of
from components.report import words
from components.report.section import Section
from components.report.told import NotThereError, Told

TITLE = "Gates"
_LIMITS = {
    "at_least": "\N{GREATER-THAN OR EQUAL TO} {}",
    "at_most": "\N{LESS-THAN OR EQUAL TO} {}",
    "max_drop": "\N{GREATER-THAN OR EQUAL TO} served \N{MINUS SIGN} {}",
    "max_rise": "\N{LESS-THAN OR EQUAL TO} served + {}",
    "above_linear": "\N{GREATER-THAN OR EQUAL TO} linear {}",
}


def measure(run: Told) -> dict[str, Any]:
    """The checks as the Evaluator made them, and how."""
    if run.evaluation is None:
        raise NotThereError(f"{run.why('Evaluator')} Nothing was held against the gates.")
    known = run.evaluation
    return {
        "checks": list(known.get("checks", ())),
        "confidence": known.get("confidence"),
        "resamples": known.get("resamples"),
        "judge_by": known.get("judge_by"),
        "thresholds": known.get("thresholds"),
    }


def show(numbers: Mapping[str, Any]) -> Section:
    """A row a check."""
    checks = numbers["checks"]
    if not checks:
        return Section(notes=("No gate could be applied.",))
    header = ("slice", "metric", "result", "value", "interval", "compared with", "limit")
    table = Table(header, tuple(_row(check) for check in checks), names=3)
    missed = sum(not check["passed"] for check in checks)
    told = f"{len(checks) - missed} of {len(checks)} passed."
    return Section(notes=(told,), first=(("What was asked for on the test split", table),), remarks=_remarks(numbers))


def _limit(check: Mapping[str, Any]) -> str:
    """The limit; a margin above the linear baseline with its sign, for it may be one below."""
    if check["kind"] != "above_linear":
        return words.figure(check["limit"])
    sign = "\N{MINUS SIGN}" if check["limit"] < 0 else "+"
    return f"{sign} {words.figure(abs(check['limit']))}"


def _row(check: Mapping[str, Any]) -> tuple[str, ...]:
    compares = check["kind"] not in ("at_least", "at_most")
    interval = words.interval(check.get("interval"))
    limit = _LIMITS.get(check["kind"], f"{check['kind']} {{}}").format(_limit(check))
    return (
        name_of(check["slice"]),
        name_of(check["metric"]),
        "passed" if check["passed"] else MISSED,
        words.figure(check["value"]),
        f"{interval} *" if compares and interval != words.NOTHING else interval,
        words.figure(check.get("baseline")) if compares else "",
        limit,
    )


def _remarks(numbers: Mapping[str, Any]) -> tuple[str, ...]:
    said = []
    if numbers["confidence"] is not None and numbers["resamples"]:
        judged = "the bound of the interval" if numbers["judge_by"] == "bound" else "the estimate"
        said.append(
            f"Intervals of {100 * numbers['confidence']:g} %: from a bootstrap of {numbers['resamples']:,} draws of "
            "the test split and, where the draws tell too little, Wilson's. What is held against a limit is "
            f"{judged}, unless a gate says otherwise."
        )
    if any(check.get("interval") and check["kind"] not in ("at_least", "at_most") for check in numbers["checks"]):
        said.append("* of the difference: the candidate less what it is compared with.")
    return tuple(said)
