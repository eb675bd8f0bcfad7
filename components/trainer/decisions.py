"""From logits to answers: temperatures and thresholds, worked out on the eval split.

Both go into the exported graph, so they are computed with its logits and in its float32.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from components.features import MULTICLASS
from components.trainer import calibration, thresholds
from components.trainer.calibration import scores_of
from components.trainer.metrics import check_numbers, column_names

__all__ = ["Decided", "decide", "scores_of"]

_NO_TUNING = "none"


@dataclasses.dataclass(frozen=True)
class Decided:
    """What the exported graph computes answers with, and how good that is on the eval split.

    `temperature` is float32 [labels], for `multiclass` [1]; `thresholds` float32 [labels], None for `multiclass`.
    `report` can be written as JSON: `examples`, `tuned_for`, `floor`, `log_loss` and `ece` (`before` and `after`, means
    over the labels), `temperature`, `thresholds`, `labels` (the same of each, with `positives` and what the threshold
    `reached`), and `warnings`, a sentence each.
    """

    temperature: np.ndarray
    thresholds: np.ndarray | None
    report: dict[str, Any]


def decide(
    kind: str,
    names: Sequence[str],
    logits: np.ndarray,
    targets: np.ndarray,
    settings: Mapping[str, Any],
    threshold: float,
) -> Decided:
    """Works out temperatures and thresholds.

    What the split cannot tell stays as it would be without it (temperature 1, `threshold`), with a warning: a label
    with too few examples of a class, a floor that no threshold reaches (the best there is is then taken). Whether that
    will do is for the gates to say.

    Args:
        kind: of the labels.
        names: of the labels; of a binary task's two, the second is meant.
        logits: of the exported graph, float32 [n, labels].
        targets: 0 or 1, [n, labels].
        settings: the section `decisions`: tune, floor, calibrate.
        threshold: `labels.threshold`, where nothing is tuned.

    Raises:
        TrainingError: there is no logit, or one is no number.
    """
    check_numbers(logits)
    names = column_names(names, logits.shape[1])
    warnings: list[str] = []
    temperature = _ones(kind, logits)
    if settings["calibrate"]:
        temperature = _temperatures(kind, names, logits, targets, warnings)
    scores = scores_of(kind, logits, temperature)
    chosen = _choose(kind, names, scores, targets, settings, threshold, warnings)
    report = {
        "examples": len(logits),
        "tuned_for": settings["tune"] if kind != MULTICLASS else _NO_TUNING,
        "floor": settings["floor"],
        "temperature": [float(value) for value in temperature],
        "thresholds": None if chosen is None else [label.threshold for label in chosen],
        **_before_and_after(kind, names, logits, targets, temperature),
        "warnings": warnings,
    }
    _add_reached(report["labels"], chosen)
    limits = None if chosen is None else np.array([label.threshold for label in chosen], np.float32)
    return Decided(temperature, limits, report)


def _ones(kind: str, logits: np.ndarray) -> np.ndarray:
    return np.ones(1 if kind == MULTICLASS else logits.shape[1], np.float32)


def _temperatures(
    kind: str, names: Sequence[str], logits: np.ndarray, targets: np.ndarray, warnings: list[str]
) -> np.ndarray:
    """float32 [labels], for `multiclass` [1]."""
    temperature = _ones(kind, logits)
    parts = [(slice(None), "the labels")] if kind == MULTICLASS else _columns(names)
    for place, (columns, called) in enumerate(parts):
        held = targets[:, columns] > 0.5
        if _rarer(held, kind) < calibration.LEAST_EXAMPLES:
            warnings.append(
                f"{called}: the eval split has {_rarer(held, kind)} examples of a class, too few to calibrate by "
                f"({calibration.LEAST_EXAMPLES} are needed); the temperature stays at 1"
            )
            continue
        temperature[place] = _temperature(kind, logits[:, columns], targets[:, columns])
        if calibration.at_bound(float(temperature[place])):
            warnings.append(
                f"{called}: the temperature reached its bound, {temperature[place]:.3g}: the eval split is too easy, "
                "too small, or unlike the training split"
            )
    return temperature


def _columns(names: Sequence[str]) -> list[tuple[slice, str]]:
    return [(slice(place, place + 1), f"label {name!r}") for place, name in enumerate(names)]


def _rarer(held: np.ndarray, kind: str) -> int:
    """How many examples the rarer class has; for `multiclass`, whose labels share a temperature, how many there are."""
    if kind == MULTICLASS:
        return len(held)
    positives = int(np.count_nonzero(held))
    return min(positives, len(held) - positives)


def _temperature(kind: str, logits: np.ndarray, targets: np.ndarray) -> float:
    return calibration.best_temperature(
        lambda value: float(calibration.log_losses(kind, logits, targets, np.array([value]))[0])
    )


def _choose(
    kind: str,
    names: Sequence[str],
    scores: np.ndarray,
    targets: np.ndarray,
    settings: Mapping[str, Any],
    default: float,
    warnings: list[str],
) -> list[thresholds.Chosen] | None:
    if kind == MULTICLASS:
        if settings["tune"] != _NO_TUNING:
            warnings.append(
                f"decisions.tune {settings['tune']} does nothing for labels.kind multiclass, which answers with the "
                "likeliest label"
            )
        return None
    is_positive = targets > 0.5
    return [
        _choose_label(name, scores[:, place], is_positive[:, place], settings, default, warnings)
        for place, name in enumerate(names)
    ]


def _choose_label(
    name: str,
    scores: np.ndarray,
    is_positive: np.ndarray,
    settings: Mapping[str, Any],
    default: float,
    warnings: list[str],
) -> thresholds.Chosen:
    metric, floor = settings["tune"], settings["floor"]
    if metric == _NO_TUNING:
        return _untuned(scores, is_positive, default)
    positives = int(np.count_nonzero(is_positive))
    if positives in (0, len(is_positive)):
        warnings.append(
            f"label {name!r}: all examples of the eval split are of one class; the threshold stays at {default:g}"
        )
        return _untuned(scores, is_positive, default)
    if min(positives, len(is_positive) - positives) < calibration.LEAST_EXAMPLES:
        warnings.append(
            f"label {name!r}: its threshold was tuned on {positives} positive examples of {len(is_positive)}, which is "
            "little more than chance; give the eval split more weight in data.splits"
        )
    chosen = thresholds.choose(scores, is_positive, metric, floor, default)
    if not chosen.meets_floor:
        warnings.append(
            f"label {name!r}: no threshold reaches decisions.floor {floor:g} of {metric} on the eval split; the one of "
            f"the most {metric}, {chosen.reached[metric]:.4f}, was taken"
        )
    return chosen


def _untuned(scores: np.ndarray, is_positive: np.ndarray, default: float) -> thresholds.Chosen:
    limit = np.float32(default)
    return thresholds.Chosen(float(limit), thresholds.reached_at(scores, is_positive, limit))


def _before_and_after(
    kind: str, names: Sequence[str], logits: np.ndarray, targets: np.ndarray, temperature: np.ndarray
) -> dict[str, Any]:
    """Log loss and calibration error without and with the temperatures: means, and those of each label."""
    ones = _ones(kind, logits)
    of_each = {
        "log_loss": [calibration.log_losses(kind, logits, targets, at) for at in (ones, temperature)],
        "ece": [
            calibration.calibration_errors(kind, scores_of(kind, logits, at), targets) for at in (ones, temperature)
        ],
    }
    means = {name: _pair(before.mean(), after.mean()) for name, (before, after) in of_each.items()}
    labels: dict[str, dict[str, Any]] = {
        name: {"positives": int(np.count_nonzero(targets[:, place] > 0.5))} for place, name in enumerate(names)
    }
    if kind != MULTICLASS:
        for place, name in enumerate(names):
            labels[name] |= {figure: _pair(one[place], two[place]) for figure, (one, two) in of_each.items()}
            labels[name]["temperature"] = float(temperature[place])
    return {**means, "labels": labels}


def _pair(before: float, after: float) -> dict[str, float]:
    return {"before": float(before), "after": float(after)}


def _add_reached(labels: dict[str, dict[str, Any]], chosen: list[thresholds.Chosen] | None) -> None:
    for of_label, choice in zip(labels.values(), chosen or (), strict=False):
        of_label |= {"threshold": choice.threshold, "reached": choice.reached}
