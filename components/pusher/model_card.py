"""The model card: what a published model is, how good, for what and for what not, in Markdown.

After Mitchell et al. 2019, "Model Cards for Model Reporting". A pure function over what the steps of a run left, as
plain values: what is not there is said to be unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from components.encoders.handles import shown_handle
from components.encoders.licences import licence_of
from components.encoders.reading import reading_of
from components.evaluator.names import tells
from components.page.excerpts import pieces

_TEMPLATES = Path(__file__).parent / "templates"
_PRINCIPAL = ("accuracy", "auc", "auc_pr", "precision", "recall", "f1", "log_loss", "ece")
_MICRO = ("auc_micro", "precision_micro", "recall_micro", "f1_micro")
_OF_SLICES = ("accuracy", "auc", "f1")
_BIAS = ("subgroup_auc", "bpsn_auc", "bnsp_auc")
_FEW_EXAMPLES = 100
_MOST_SLICES = 40
_SHOWN_WHOLE_FROM = 1000
_SPECIAL = re.compile(r"([\\`*_\[\]{}<>()#+!|~&$])")


class Facts(NamedTuple):
    """What is known of a model that is about to be published.

    Attributes:
        task: its `name`, `data` (source, path, span, test_path, test_span), `encoder` (handle, max_tokens, truncation,
            lower_case) and `pair`, as the pipeline was configured.
        verdict: the Evaluator's verdict.json.
        decisions: the model's own decisions.json, None where it has none.
        training: the Trainer's history.json, None where it is not known.
        rows: TextExampleGen's account of the rows, None where it is not known.
        serving: ServingCheck's report.json, None where it is not known.
        run: the run's id.
        date: of today, ISO 8601.
        versions: of what it was made with, by name.
    """

    task: Mapping[str, Any]
    verdict: Mapping[str, Any]
    decisions: Mapping[str, Any] | None
    training: Mapping[str, Any] | None
    rows: Mapping[str, Any] | None
    serving: Mapping[str, Any] | None
    run: str
    date: str
    versions: Mapping[str, str]


def write_card(facts: Facts) -> str:
    """The card. Names of labels, slices and files are shown, whatever they hold, and never obeyed."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  Markdown: every value goes through `md`
    )
    environment.filters.update(md=escape, number=_number, interval=_interval, names=_names, measured=_measured)
    handle = facts.task["encoder"]["handle"]
    slices = list(_slices(facts.verdict))
    return environment.get_template("model_card.md").render(
        facts=facts,
        task=facts.task,
        verdict={"forced": None, "reasons": [], "notes": [], "intervals": {}} | dict(facts.verdict),
        decisions={"kind": None, "names": [], "temperature": None} | dict(facts.decisions or {}),
        encoder=shown_handle(handle),
        licence=licence_of(handle),
        reading=reading_of(handle),
        lower_case=_lower_case(facts.task["encoder"]),
        metrics=list(_metrics(facts.verdict)),
        slices=slices[:_MOST_SLICES],
        more_slices=max(0, len(slices) - _MOST_SLICES),
        groups=list(_groups(facts.verdict)),
        comparisons=list(_comparisons(facts.verdict)),
        thresholds=list(_thresholds(facts.decisions)),
        few=_few(facts.verdict),
        checks=(facts.serving or {}).get("checks", []),
        of_slices=_OF_SLICES,
        bias=_BIAS,
    )


def escape(text: object) -> str:
    """A text that Markdown shows as it is, on one line, in a cell of a table too."""
    one_line = " ".join(str(text).split())
    visible = "".join(piece for piece, _ in pieces(one_line, with_joiners=True))
    return _SPECIAL.sub(r"\\\1", visible)


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.4f}"


def _interval(bounds: Sequence[float] | None, sign: str = "") -> str:
    return "—" if bounds is None else f"{bounds[0]:{sign}.4f} to {bounds[1]:{sign}.4f}"


def _names(names: Sequence[str]) -> str:
    return ", ".join(map(escape, names))


def _measured(value: float | str | None, unit: str = "") -> str:
    """What a serving check found, or its limit."""
    if value is None or isinstance(value, str):
        return escape(value or "—")
    return escape(f"{value:,.0f} {unit}" if value >= _SHOWN_WHOLE_FROM else f"{value:.3g} {unit}")


def _lower_case(encoder: Mapping[str, Any]) -> bool | None:
    """Whether capital and small letters are equal to the model; None where only the encoder itself knows."""
    if encoder["lower_case"] is not None:
        return encoder["lower_case"]
    reading = reading_of(encoder["handle"])
    return None if reading is None else reading.lower_case


def _metrics(verdict: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The whole's figures, those of each label after them."""
    overall = verdict["metrics"].get("overall", {})
    intervals = (verdict.get("intervals") or {}).get("overall", {})
    own = [name for name in overall if name.partition("/")[0] in _PRINCIPAL and "/" in name]
    for name in (*_PRINCIPAL, *_MICRO, *own):
        if name in overall:
            yield {"name": name, "value": overall[name], "interval": intervals.get(name)}


def _slices(verdict: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    intervals = verdict.get("intervals") or {}
    for name, values in verdict["metrics"].items():
        if name != "overall":
            of_slice = intervals.get(name, {})
            told = [metric if tells(metric, name) else None for metric in _OF_SLICES]
            yield {
                "name": name,
                "count": int(values["example_count"] or 0),
                "figures": [(values.get(metric), of_slice.get(metric)) for metric in told],
            }


def _groups(verdict: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The slices by groups of people, with their areas."""
    for name, values in verdict["metrics"].items():
        if any(metric in values for metric in _BIAS):
            yield {"name": name.partition("=")[2], "figures": [values.get(metric) for metric in _BIAS]}


def _comparisons(verdict: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    served = f"the served model, version {verdict.get('baseline_version') or 'unknown'}"
    rivals = {"served": served, "linear": "the linear baseline"}
    for one in verdict.get("comparisons") or ():
        if one["slice"] == "overall" and one["metric"] in _PRINCIPAL:
            yield {**one, "against": rivals[one["against"]]}


def _thresholds(decisions: Mapping[str, Any] | None) -> Iterator[tuple[str, float]]:
    """The label and threshold of each score."""
    if decisions and decisions.get("thresholds"):
        names = decisions["names"]
        yield from zip(names[-len(decisions["thresholds"]) :], decisions["thresholds"], strict=True)


def _few(verdict: Mapping[str, Any]) -> list[str]:
    """The slices of which little is known."""
    counts = {name: values.get("example_count") or 0 for name, values in verdict["metrics"].items()}
    return [name for name, count in counts.items() if count < _FEW_EXAMPLES]
