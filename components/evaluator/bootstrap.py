"""Draws the rows anew, with replacement, as many as there are, and measures everything again, a thousand times over.

All models are measured on the same draws, so that the interval of a difference is that of the same rows (a paired
comparison), which is far narrower than the two models' own. Rows of one text are drawn together: chance gave us the
text, and how often it was written stands beside it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from components.evaluator.bias import BiasMeasurer
from components.evaluator.intervals import Drawn, Key, Resampled
from components.evaluator.measures import Answers, Evidence, Figures, Measurer
from components.evaluator.names import BIAS, CANDIDATE, IDENTITY, MACRO, OVERALL, of_label
from components.evaluator.predictions import Predictions

Wanted = Mapping[str, Mapping[str, Collection[str]]]
"""Model to slice to the metrics that are wanted."""

_MOST_BYTES = 64 << 20  # of draws that are held at once, a byte a row


class _Part(NamedTuple):
    """A model in a slice, and what is wanted of it."""

    model: str
    slice: str
    metrics: frozenset[str]


class _Measured(NamedTuple):
    """What measures a part, by the weights of `rows`, with its figures where every row counts once, and what they rest
    on, where every text does.
    """

    rows: np.ndarray | slice
    measure: Callable[[np.ndarray], Figures]
    figures: Figures
    evidence: Mapping[str, Evidence]


def resample(
    predictions: Predictions,
    wanted: Wanted,
    draws: int,
    confidence: float,
    *,
    group_label: int = 0,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> Resampled:
    """Measures again and again on rows drawn anew. The same arguments give the same numbers.

    Args:
        predictions: the rows.
        wanted: what is measured.
        draws: how many times.
        confidence: of the intervals, such as 0.95.
        group_label: which of the scored labels the areas of groups are of.
        advance: told how many draws of a part (a model in a slice) are done, and of how many.
    """
    parts = list(_parts(predictions, wanted))
    texts = pa.array(predictions.ids).dictionary_encode().indices.to_numpy()
    found: dict[Key, list[Drawn]] = {}
    done = 0
    for weights in _weights(texts, draws):
        # One part after another: of many labels and slices all at once would fill the memory.
        for part in parts:
            measured = _measured(predictions, part, texts, group_label)
            for name, drawn in _drawn(measured, part.metrics, predictions.scored, weights).items():
                found.setdefault((part.model, part.slice, name), []).append(drawn)
            done += len(weights)
            advance(done, draws * len(parts))
    return Resampled(confidence, {key: _joined(of) for key, of in found.items()}, _same(predictions))


def _joined(drawn: Sequence[Drawn]) -> Drawn:
    """One figure of some draws, and of others."""
    labels = tuple(map(_joined, zip(*(some.labels for some in drawn), strict=True)))
    return dataclasses.replace(drawn[0], values=np.concatenate([some.values for some in drawn]), labels=labels)


def _same(predictions: Predictions) -> frozenset[str]:
    """The models that are the candidate itself."""
    scores, decisions = predictions.scores, predictions.decisions
    return frozenset(
        model
        for model in scores
        if model != CANDIDATE
        and CANDIDATE in scores
        and decisions[model] == decisions[CANDIDATE]
        and np.array_equal(scores[model], scores[CANDIDATE])
    )


def _drawn(
    measured: _Measured, metrics: Collection[str], labels: Sequence[str], weights: np.ndarray
) -> dict[str, Drawn]:
    """The metrics in each draw, of those that the rows as they are leave defined."""
    of_labels = {
        name: [of_label(name, label) for label in labels] if len(labels) > 1 and name in MACRO else []
        for name in metrics
        if np.isfinite(measured.figures.get(name, np.nan))
    }
    values = {name: np.full(len(weights), np.nan) for of in ([*of_labels], *of_labels.values()) for name in of}
    for number, of_draw in enumerate(weights):
        figures = measured.measure(of_draw[measured.rows].astype(np.float64))
        for name, of_draws in values.items():
            of_draws[number] = figures.get(name, np.nan)  # of a slice that the draw holds no row of

    def drawn(name: str) -> Drawn:
        own = tuple(map(drawn, of_labels.get(name, ())))
        return Drawn(measured.figures[name], values[name], measured.evidence.get(name), own)

    return {name: drawn(name) for name in of_labels}


def _parts(predictions: Predictions, wanted: Wanted) -> Iterator[_Part]:
    """What there are rows of."""
    there = {OVERALL} if len(predictions.ids) else set()
    there |= {name for name, is_member in predictions.slices.items() if is_member.any()}
    for model, slices in wanted.items():
        if model in predictions.scores:
            yield from (_Part(model, name, frozenset(of)) for name, of in slices.items() if name in there)


def _weights(texts: np.ndarray, draws: int) -> Iterator[np.ndarray]:
    """How often each row is drawn, uint8 [some draws, rows]: no row comes near 256 times.

    Args:
        texts: the number of each row's text, from 0 on.
        draws: how many.
    """
    count = int(texts.max(initial=-1)) + 1
    generator = np.random.default_rng(0)
    at_once = max(1, min(draws, _MOST_BYTES // max(1, len(texts))))
    for begun in range(0, draws, at_once):
        yield np.stack(
            [
                np.bincount(generator.integers(0, count, count), minlength=count).astype(np.uint8)[texts]
                for _ in range(min(at_once, draws - begun))
            ]
        )


def _measured(predictions: Predictions, part: _Part, texts: np.ndarray, group_label: int) -> _Measured:
    """Of a group of people, areas are of rows outside of it too, and so of all rows."""
    is_member = np.ones(len(predictions.ids), bool) if part.slice == OVERALL else predictions.slices[part.slice]
    scores = predictions.scores[part.model]
    decided = predictions.decisions[part.model].decide(scores[is_member])
    answers = Answers(scores[is_member], decided)
    measurer = Measurer(predictions.kind, predictions.scored, predictions.targets[is_member], answers, part.metrics)
    evidence = measurer.evidence(_each_text_once(texts[is_member]))
    if not (part.slice.startswith(f"{IDENTITY}=") and part.metrics & set(BIAS)):
        return _Measured(is_member, measurer.measure, measurer.measure(), evidence)
    held = predictions.targets[:, group_label].astype(bool)
    bias = BiasMeasurer(scores[:, group_label], held, is_member)
    return _Measured(
        slice(None),
        lambda weights: measurer.measure(weights[is_member]) | bias.measure(weights),
        measurer.measure() | bias.measure(),
        evidence | bias.evidence(_each_text_once(texts)),
    )


def _each_text_once(texts: np.ndarray) -> np.ndarray:
    """What each row weighs where those of one text weigh 1 together, float64 [rows]."""
    return 1 / np.bincount(texts)[texts] if len(texts) else np.ones(0)
