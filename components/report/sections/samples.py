"""The configured texts, as the published model answers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.features import NO_LABEL
from components.page.excerpts import cut
from components.page.tables import name_of
from components.report import words
from components.report.section import Quote, Section
from components.report.told import NotThereError, Told

TITLE = "Samples"
_SHOWN_SCORES = 3


def measure(run: Told) -> dict[str, Any]:
    """Texts, scores and answers."""
    if run.samples:
        return {"samples": [dict(sample) for sample in run.samples]}
    if run.config.get("samples"):
        raise NotThereError(
            "Samples are put to the published model, and this run published none, or was stopped before."
        )
    raise NotThereError("The configuration has no samples.")


def show(numbers: Mapping[str, Any]) -> Section:
    """Each text with its answer and its highest scores."""
    return Section(quotes=tuple(_quote(sample) for sample in numbers["samples"]))


def _quote(sample: Mapping[str, Any]) -> Quote:
    predicted, text = sample["predicted"], sample["text"]
    answer = name_of(predicted) if isinstance(predicted, str) else words.listed(predicted) or NO_LABEL
    highest = sorted(sample["scores"].items(), key=lambda score: -score[1])[:_SHOWN_SCORES]
    scores = ", ".join(f"{name_of(name)} {words.figure(value)}" for name, value in highest)
    texts = (text,) if isinstance(text, str) else tuple(text)
    what = "score" if len(highest) == 1 else "highest scores"
    return Quote(f"{answer} \N{MIDDLE DOT} {what}: {scores}", tuple(map(cut, texts)))
