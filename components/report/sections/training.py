"""How the training went, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.page.figure import Figure
from components.page.tables import Table, counted, number
from components.report import words
from components.report.drawing import Axes, Line, Panel, curves
from components.report.files import read_json
from components.report.section import Section
from components.report.told import Told
from components.trainer.files import HISTORY_FILE

TITLE = "Training"
_DRAWN = ("loss", "accuracy", "auc", "auc_pr", "f1")
_KEPT = (
    "epochs",
    "best_epoch",
    "steps",
    "examples",
    "parameters",
    "trained_parameters",
    "precision",
    "devices",
    "warm_start",
    "resumed_at_step",
    "decisions",
    "float32",
    "tracking_problems",
)


def measure(run: Told) -> dict[str, Any]:
    """What the Trainer tells of the training."""
    history = read_json(run.output("Trainer", "model_run"), HISTORY_FILE)
    selected = history.get("training", {}).get("select_by")
    return {"select_by": selected, **{key: history.get(key) for key in _KEPT}}


def show(numbers: Mapping[str, Any]) -> Section:
    """A figure a metric, train beside validation, and what calibration came to."""
    epochs, selected = numbers["epochs"], numbers["select_by"]
    names = [name for name in dict.fromkeys((*_DRAWN, selected)) if name in epochs and f"val_{name}" in epochs]
    figures = tuple(_figure(name, numbers) for name in names)
    facts = Table(("", ""), tuple(_facts(numbers)), names=2)
    return Section(
        first=(("The training in short", facts),),
        figures=figures,
        tables=_calibrated(numbers),
        remarks=_remarks(numbers),
    )


def _figure(name: str, numbers: Mapping[str, Any]) -> Figure:
    train, validation = numbers["epochs"][name], numbers["epochs"][f"val_{name}"]
    epochs, best = range(1, len(train) + 1), numbers["best_epoch"]
    lines = [Line("train", epochs, train, 0, is_dotted=True), Line("validation", epochs, validation, 1, is_dotted=True)]
    key = f"training-{name.replace('_', '-')}"
    axes = Axes("epoch", name, (0.8, len(train) + 0.2), is_whole=True)
    svg = curves(key, [Panel("", lines, at=best if len(train) > 1 else None)], axes)
    alt = (
        f"Lines: {name} of train and validation over {counted(len(train), 'epoch')}. At epoch {best}, which was "
        f"exported, train has {words.figure(train[best - 1])} and validation {words.figure(validation[best - 1])}."
    )
    rows = tuple(
        (f"{epoch}{' (chosen)' if epoch == best else ''}", words.figure(one), words.figure(other))
        for epoch, one, other in zip(epochs, train, validation, strict=True)
    )
    return Figure(key, f"{name} by epoch", svg, alt, Table(("epoch", "train", "validation"), rows))


def _facts(numbers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    epochs, best, selected = numbers["epochs"], numbers["best_epoch"], numbers["select_by"]
    yield "epochs", f"{len(epochs['loss'])}, {number(numbers['steps'] or 0)} steps"
    value = (epochs.get(f"val_{selected}") or [None] * best)[best - 1]
    yield "exported", f"epoch {best}, by {selected} on the eval split: {words.figure(value)}"
    if numbers["examples"]:
        yield "examples", ", ".join(f"{number(count)} {split}" for split, count in numbers["examples"].items())
    yield "computed", f"in {numbers['precision']} on {numbers['devices']}"
    if numbers["parameters"] is not None:
        yield "parameters", f"{number(numbers['parameters'])}, {number(numbers['trained_parameters'])} of them trained"
    if numbers["resumed_at_step"]:
        yield "resumed", f"at step {number(numbers['resumed_at_step'])}"
    if numbers["float32"]:
        known = numbers["float32"]
        flips = f"{known['flips']:,} of {known['examples']:,} answers"
        yield "float32", f"differs by at most {known['largest_difference']:.2g} in score, and in {flips}"


def _calibrated(numbers: Mapping[str, Any]) -> tuple[tuple[str, Table], ...]:
    known = numbers["decisions"]
    if not known:
        return ()
    rows = tuple(
        (what, words.figure(known[key]["before"]), words.figure(known[key]["after"]))
        for what, key in (("log loss", "log_loss"), ("calibration error (ECE)", "ece"))
        if key in known
    )
    return (("The eval split before and after calibration", Table(("measure", "before", "after"), rows)),)


def _remarks(numbers: Mapping[str, Any]) -> tuple[str, ...]:
    known, warm = numbers["decisions"] or {}, numbers["warm_start"]
    said = list(_decided(known))
    if warm is not None:
        why = f"Not begun from the served model: {warm.get('reason')}."
        said.append("Begun from the served model." if warm["used"] else why)
    return (*said, *known.get("warnings", ()), *(numbers["tracking_problems"] or ()))


def _decided(known: Mapping[str, Any]) -> Iterator[str]:
    if known.get("temperature"):
        yield f"Temperature {_range(known['temperature'])}."
    if known.get("thresholds"):
        tuned = known.get("tuned_for", "none")
        yield f"Threshold {_range(known['thresholds'])}{'' if tuned == 'none' else f', tuned for {tuned}'}."


def _range(values: Sequence[float]) -> str:
    lowest, highest = min(values), max(values)
    return f"{lowest:.3g}" if lowest == highest else f"{lowest:.3g} to {highest:.3g}"
