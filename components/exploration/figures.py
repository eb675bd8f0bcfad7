"""The figures of an exploration: a drawing each, what it shows in words, and its numbers as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.exploration import tables
from components.exploration.exploration import QUANTITIES, TOKENS_OF_TEXT, Exploration
from components.page import drawing
from components.page.figure import Figure
from components.page.tables import Table, name_of, number, share

_NAMED = 3  # labels that are equally frequent are named up to so many, else counted


def draw(exploration: Exploration) -> list[Figure]:
    """The figures that there are numbers for; none of no examples."""
    return list(_figures(exploration)) if exploration.texts else []


def _figures(exploration: Exploration) -> Iterator[Figure]:
    yield _labels(exploration)
    if exploration.holds_many:
        yield _labels_per_text(exploration)
    for quantity in QUANTITIES:
        yield _lengths(exploration, quantity)
    spans = tables.spans(exploration)
    if spans is not None:
        yield _spans(exploration, spans)


def _labels(exploration: Exploration) -> Figure:
    shown = tables.shown_labels(exploration)
    counts = {split: [of_split.get(name, 0) for name in shown] for split, of_split in exploration.labels.items()}
    counts = {split: values for split, values in counts.items() if exploration.sizes[split]}
    values = _rates(counts, exploration) if exploration.holds_many else counts
    is_log = drawing.needs_log_scale(value for of_split in values.values() for value in of_split)
    unit = "% of texts" if exploration.holds_many else "texts"
    svg = drawing.bars("label-bars", shown, values, unit, is_log=is_log)
    total = {name: sum(values[place] for values in counts.values()) for place, name in enumerate(shown)}
    what = (
        "the share of each split's texts that holds" if exploration.holds_many else "how many texts of each split hold"
    )
    which = "each label" if len(shown) == len(exploration.names) else f"each of the {len(shown)} most frequent labels"
    scale = ", on a logarithmic axis" if is_log else ""
    alt = f"Bars: {what} {which}{scale}. {_extremes(total, exploration.texts)}"
    table = tables.labels(exploration, numbered=not all(map(drawing.writable, shown)))
    return Figure("label-bars", "Labels by split", svg, alt, table)


def _extremes(total: Mapping[str, int], texts: int) -> str:
    """Which of the labels are the most and the least frequent. `total`: texts of all splits by label, one at least."""
    most, least = max(total.values()), min(total.values())
    if most == least:
        return f"{'Equally often: ' if len(total) > 1 else ''}{_holders(total, most, texts)}."
    return f"Most frequent: {_holders(total, most, texts)}; least frequent: {_holders(total, least, texts)}."


def _holders(total: Mapping[str, int], count: int, texts: int) -> str:
    """The labels that so many texts hold, or how many labels these are, and which share of all texts that is."""
    names = [name_of(name) for name, held in total.items() if held == count]
    named = ", ".join(names) if len(names) <= _NAMED else f"{len(names)} labels"
    return f"{named}: {number(count)}{' each' if len(names) > 1 else ''} ({share(count, texts)})"


def _rates(counts: Mapping[str, list[int]], exploration: Exploration) -> dict[str, list[float]]:
    """Of splits that have texts, in per cent."""
    return {split: [100 * count / exploration.sizes[split] for count in values] for split, values in counts.items()}


def _labels_per_text(exploration: Exploration) -> Figure:
    held = sorted({count for counts in exploration.labels_per_text.values() for count in counts})
    values = {
        split: [100 * counts.get(count, 0) / exploration.sizes[split] for count in held]
        for split, counts in exploration.labels_per_text.items()
        if exploration.sizes[split]
    }
    svg = drawing.bars("labels-per-text", [str(count) for count in held], values, "% of texts")
    none = sum(counts.get(0, 0) for counts in exploration.labels_per_text.values())
    alt = (
        f"Bars: the share of texts that hold each number of labels, by split. "
        f"{share(none, exploration.texts)} hold none; the most that one holds is {held[-1]}."
    )
    return Figure("labels-per-text", "Labels of one text", svg, alt, tables.labels_per_text(exploration))


def _lengths(exploration: Exploration, quantity: str) -> Figure:
    known, sizes = exploration.histograms[quantity], exploration.sizes
    shares = {
        split: [100 * count / sizes[split] for count in counts]
        for split, counts in known.counts.items()
        if sizes[split]
    }
    is_tokens = quantity == TOKENS_OF_TEXT
    mark = exploration.max_tokens if is_tokens else None
    unit = f"{quantity} in a text{' (bins widen)' if known.widens else ''}"
    svg = drawing.panels(quantity, known.edges, shares, unit, mark)
    figures = (
        f"{group.name}: median {number(group.quantities[quantity].p50)}, 95 % at most "
        f"{number(group.quantities[quantity].p95)}, the longest {number(group.quantities[quantity].maximum)}"
        for group in exploration.splits
        if group.texts
    )
    widening = ", in bins that widen" if known.widens else ""
    alt = f"Bars: the share of each split's texts that has so many {quantity}{widening}. {'; '.join(figures)}."
    if mark is not None:
        alt += f" A dashed line at {number(mark)}, the longest input of the model, where it is within the bins."
    table = tables.histogram(exploration, quantity)
    return Figure(quantity, f"{quantity.capitalize()} in a text", svg, alt, table)


def _spans(exploration: Exploration, table: Table) -> Figure:
    newest = list(exploration.spans.items())[-tables.SPANS_SHOWN :]
    values = {split: [counts[split] for _, counts in newest] for split, size in exploration.sizes.items() if size}
    svg = drawing.bars("span-bars", [f"span {span}" for span, _ in newest], values, "examples")
    span, counts = newest[-1]
    alt = f"Bars: examples of each span by split. The newest, span {span}, has {number(sum(counts.values()))}."
    return Figure("span-bars", "Examples by span", svg, alt, table)
