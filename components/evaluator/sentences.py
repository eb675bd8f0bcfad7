"""What is said of a gate that was missed, and of models beside one another, in a sentence each."""

from __future__ import annotations

from components.evaluator.names import LINEAR, SERVED
from components.evaluator.verdict import Interval

CALLED = {SERVED: "the served model", LINEAR: "the linear baseline"}
_INCOMPARABLE = "cannot be compared with"


def incomparable(rival: str, cause: str, version: str = "") -> str:
    """A rival that is there, but cannot be compared with."""
    return f"{CALLED[rival]}{f' (version {version})' if version else ''} {_INCOMPARABLE}: {cause}"


def is_incomparable(sentence: str, rival: str) -> bool:
    """Whether a sentence says so of this rival: it is among a verdict's notes, or its reasons where a gate compares."""
    return sentence.startswith(CALLED[rival]) and f" {_INCOMPARABLE}: " in sentence


def below_floor(metric: str, value: float, limit: float, slice_name: str) -> str:
    """An estimate that is too low."""
    shown, floor = told_apart(value, limit)
    return f"{metric} {shown} < {floor} ({slice_name})"


def above_ceiling(metric: str, value: float, limit: float, slice_name: str) -> str:
    """An estimate that is too high."""
    shown, ceiling = told_apart(value, limit)
    return f"{metric} {shown} > {ceiling} ({slice_name})"


def bound_beyond(metric: str, value: float, bound: float, limit: float, confidence: float, slice_name: str) -> str:
    """An estimate that passes, or does not, with a bound that does not."""
    shown, far = told_apart(bound, limit)
    worse, order = ("low", "<") if bound < limit else ("high", ">")
    sure = _shown(confidence)
    return f"{metric} {value:.4f} may be as {worse} as {shown} ({sure} interval) {order} {far} ({slice_name})"


def fell(metric: str, value: float, baseline: float, limit: float, slice_name: str) -> str:
    """A drop below the served model, or a rise above it where less is better, that is too large."""
    distance = abs(value - baseline)
    shown, most = told_apart(distance, limit)
    moved = "fell" if value < baseline else "rose"
    side = "below" if value < baseline else "above"
    return (
        f"{metric} {value:.4f} {moved} {shown} {side} the served model's {baseline:.4f} (at most {most}; {slice_name})"
    )


def may_have_fallen(
    metric: str, value: float, baseline: float, worst: float, limit: float, confidence: float, slice_name: str
) -> str:
    """A drop or rise that may be too large, by the bound of its interval."""
    shown, most = told_apart(worst, limit)
    side = "below" if value <= baseline else "above"
    return (
        f"{metric} {value:.4f} is {abs(value - baseline):.4f} {side} the served model's {baseline:.4f}, and may be "
        f"{shown} worse ({_shown(confidence)} interval; at most {most}; {slice_name})"
    )


def not_above_linear(metric: str, value: float, baseline: float, limit: float, slice_name: str) -> str:
    """A candidate that does not beat the linear baseline by the margin."""
    difference = value - baseline
    shown, least = told_apart(abs(difference), abs(limit))
    side = "above" if difference >= 0 else "below"
    return (
        f"{metric} {value:.4f} is {shown} {side} the linear baseline's {baseline:.4f} "
        f"({_margin(limit, least)}; {slice_name})"
    )


def not_surely_above_linear(
    metric: str, value: float, baseline: float, interval: Interval, limit: float, confidence: float, slice_name: str
) -> str:
    """A candidate that does not beat the linear baseline by the margin, or by no more than chance may have given it."""
    difference = value - baseline
    side = "above" if difference >= 0 else "below"
    is_noise = interval[0] <= 0 <= interval[1]
    return (
        f"{metric} {value:.4f} is {abs(difference):.4f} {side} the linear baseline's {baseline:.4f}"
        f"{', within noise' if is_noise else ''} "
        f"({_shown(confidence)} interval of the difference {interval[0]:+.4f} to {interval[1]:+.4f}; "
        f"{_margin(limit, f'{abs(limit):.4f}')}; {slice_name})"
    )


def told_apart(value: float, limit: float) -> tuple[str, str]:
    """Both with four decimals, or with as many as it takes to see that they differ."""
    for decimals in range(4, 17):
        texts = f"{value:.{decimals}f}", f"{limit:.{decimals}f}"
        if texts[0] != texts[1]:
            return texts
    return repr(value), repr(limit)


def _shown(confidence: float) -> str:
    return f"{100 * confidence:.6g}%"


def _margin(limit: float, shown: str) -> str:
    return f"at least {shown} above" if limit >= 0 else f"at most {shown} below"
