"""The figures of an exploration as tables of texts: what the terminal and the page both show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components.exploration import bins
from components.exploration.exploration import (
    CHARACTERS_OF_TEXT,
    TOKENS_OF_TEXT,
    WORDS_OF_TEXT,
    Distribution,
    Exploration,
    Group,
)
from components.features import NO_LABEL
from components.page.account import account_table, in_words
from components.page.tables import Table, name_of, number, share

LABELS_SHOWN = 20
SPANS_SHOWN = 30
_FEWEST_OF_A_LABEL = 30  # percentiles of fewer texts say nothing of the label


def shown_labels(exploration: Exploration, most: int = LABELS_SHOWN) -> list[str]:
    """The labels in their order, or the most frequent ones where there are too many."""
    names = exploration.names
    if len(names) <= most:
        return list(names)
    total = {name: sum(counts.get(name, 0) for counts in exploration.labels.values()) for name in names}
    return sorted(names, key=lambda name: -total[name])[:most]


def sampled_labels(exploration: Exploration, most: int = LABELS_SHOWN) -> list[str]:
    """The labels of which samples are shown, NO_LABEL last."""
    return [name for name in (*shown_labels(exploration, most), NO_LABEL) if name in exploration.samples]


def account(exploration: Exploration) -> Table:
    """What became of the rows that were read: each went one way. Reasons stand, indented, below their sum."""
    return account_table(exploration.account)


def remarks(exploration: Exploration) -> list[str]:
    """What else there is to say of the rows, a sentence each."""
    account, said = exploration.account, []
    if exploration.repeats:
        said.append(
            "Examples that repeat another's text, but for case, spaces and the like: "
            f"{number(exploration.repeats)}{_of_what(account['repeated'])}."
        )
    if account["contradictions"]:
        said.append(
            f"Rows of the official test split that contradict others of it: {number(account['contradictions'])}."
        )
    if account["references"]:
        said.append(f"Rows that are read only to compare with{_of_what(account['references'])}.")
    return said


def _of_what(counted: Mapping[str, int]) -> str:
    what = ", ".join(f"{number(count)} {in_words(name)}" for name, count in counted.items())
    return f" ({what})" if what else ""


def labels(exploration: Exploration, most: int = LABELS_SHOWN, *, numbered: bool = False) -> Table:
    """How many texts of each split hold each label, and which share of the split that is.

    `numbered`: whether the labels are counted, from 1: a drawing can write numbers where it cannot write the names.
    """
    sizes = exploration.sizes
    rows = (
        (f"{place}. {name_of(name)}" if numbered else name_of(name), split, number(count), share(count, sizes[split]))
        for place, name in enumerate(shown_labels(exploration, most), 1)
        for split, count in ((split, counts.get(name, 0)) for split, counts in exploration.labels.items())
    )
    return Table(("label", "split", "texts", "share"), tuple(rows), names=2)


def labels_per_text(exploration: Exploration) -> Table:
    """How many texts of each split hold how many labels."""
    sizes = exploration.sizes
    held = sorted({count for counts in exploration.labels_per_text.values() for count in counts})
    rows = (
        (number(count), split, number(texts.get(count, 0)), share(texts.get(count, 0), sizes[split]))
        for count in held
        for split, texts in exploration.labels_per_text.items()
    )
    return Table(("labels", "split", "texts", "share"), tuple(rows), names=2)


def figures(exploration: Exploration, quantity: str) -> Table:
    """Median, mean and the like of a quantity, by split."""
    header = ("split", "texts", "mean", "min", "median", "p95", "p99", "max")
    rows = []
    for group in exploration.splits:
        known = group.quantities.get(quantity)
        chosen = (known.mean, known.minimum, known.p50, known.p95, known.p99, known.maximum) if known else ()
        rows.append(_row(group.name, [number(group.texts), *map(number, chosen)], header))
    return Table(header, tuple(rows))


def histogram(exploration: Exploration, quantity: str) -> Table:
    """How many texts of each split are in each bin."""
    known = exploration.histograms[quantity]
    header = (quantity, *(f"{split} {what}" for split in known.counts for what in ("texts", "share")))
    rows = []
    for place, (lower, upper) in enumerate(zip(known.edges, known.edges[1:])):  # noqa: B905
        counts = [(split, in_bins[place]) for split, in_bins in known.counts.items()]
        cells = [cell for split, count in counts for cell in (number(count), share(count, exploration.sizes[split]))]
        rows.append((bins.name(lower, upper), *cells))
    return Table(header, tuple(rows))


def token_percentiles(exploration: Exploration) -> Table:
    """Percentiles of the number of tokens, by split."""
    header = ("split", "p50", "p75", "p90", "p95", "p99", "max")
    rows = (
        _row(group.name, _percentiles(group.quantities.get(TOKENS_OF_TEXT)), header) for group in exploration.splits
    )
    return Table(header, tuple(rows))


def truncation(exploration: Exploration) -> Table:
    """The share of texts that would lose tokens at each length, and what the vocabulary does not have, by split."""
    limits = [f"> {limit:,}{'*' if limit == exploration.max_tokens else ''}" for limit in exploration.limits]
    header = ("split", *limits, "unknown", "any unknown")
    rows = (_row(group.name, _truncation_cells(group) if group.texts else [], header) for group in exploration.splits)
    return Table(header, tuple(rows))


def _truncation_cells(group: Group) -> list[str]:
    shares = [*group.truncated.values(), group.unknown_rate, group.with_unknown]
    return [share(of_texts) for of_texts in shares]


def by_label(exploration: Exploration, most: int = LABELS_SHOWN) -> Table | None:
    """Lengths and rates by label; None where fewer than two labels have enough texts to say something."""
    shown = {*shown_labels(exploration, most), NO_LABEL}
    telling = [group for group in exploration.by_label if group.texts >= _FEWEST_OF_A_LABEL and group.name in shown]
    if len(telling) < 2:
        return None
    header = ("label", "texts", "words", "characters", "p95 tokens", f"> {exploration.max_tokens:,}*", "unknown")
    return Table(header, tuple(_label_row(group, exploration.max_tokens) for group in telling))


def _label_row(group: Group, max_tokens: int) -> tuple[str, ...]:
    return (
        name_of(group.name),
        number(group.texts),
        number(group.quantities[WORDS_OF_TEXT].p50),
        number(group.quantities[CHARACTERS_OF_TEXT].p50),
        number(group.quantities[TOKENS_OF_TEXT].p95),
        share(group.truncated[max_tokens]),
        share(group.unknown_rate),
    )


def spans(exploration: Exploration) -> Table | None:
    """How many examples of each span are in each split, the newest spans; None where there is but one span."""
    if len(exploration.spans) < 2:
        return None
    splits = list(exploration.sizes)
    newest = list(exploration.spans.items())[-SPANS_SHOWN:]
    rows = ((str(span), *(number(counts[split]) for split in splits)) for span, counts in newest)
    return Table(("span", *splits), tuple(rows))


def _percentiles(known: Distribution | None) -> list[str]:
    if known is None:
        return []
    return [number(value) for value in (known.p50, known.p75, known.p90, known.p95, known.p99, known.maximum)]


def _row(name: str, cells: Sequence[str], header: Sequence[str]) -> tuple[str, ...]:
    """The row with a dash where there is no figure."""
    return (name, *cells, *("\N{EN DASH}" for _ in header[len(cells) + 1 :]))
