"""An exploration on a terminal: tables, and bars of block characters. Nothing of it needs colour."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from components.exploration import bins, tables
from components.exploration.excerpts import Excerpt
from components.exploration.exploration import QUANTITIES, Exploration
from components.page.drawing import needs_log_scale
from components.page.excerpts import cut, visible
from components.page.tables import Table, counted, number, share

_EIGHTHS = " ▏▎▍▌▋▊▉"
_LABELS_SHOWN = 12
_NAME_WIDTH = 24
_TEXT_CHARACTERS = 200
_INDENT = (0, 0, 0, 2)


def print_exploration(console: Console, exploration: Exploration) -> None:
    """Prints what was measured, section by section."""
    _heading(console, "What became of the rows")
    console.print(_drawn(tables.account(exploration)))
    _notes(console, tables.remarks(exploration))
    _print_labels(console, exploration)
    for quantity in QUANTITIES:
        _heading(console, f"{quantity.capitalize()} in a text")
        console.print(_drawn(tables.figures(exploration, quantity)))
        if exploration.texts:
            console.print(_histogram(exploration, quantity, console.width))
    _print_tokens(console, exploration)
    spans = tables.spans(exploration)
    if spans is not None:
        _heading(console, "Examples by span")
        console.print(_drawn(spans))
    _print_texts(console, exploration)


def _print_labels(console: Console, exploration: Exploration) -> None:
    _heading(console, "Labels")
    console.print(_label_bars(exploration))
    if len(exploration.names) > _LABELS_SHOWN:
        _notes(console, [f"the {_LABELS_SHOWN} most frequent of {len(exploration.names)} labels"])
    if exploration.holds_many:
        console.print(_drawn(tables.labels_per_text(exploration)))
    by_label = tables.by_label(exploration, _LABELS_SHOWN)
    if by_label is not None:
        console.print(_drawn(by_label))
        _notes(console, ["medians of words and characters; * longer than encoder.max_tokens"])


def _print_tokens(console: Console, exploration: Exploration) -> None:
    _heading(console, "Tokens of the task's encoder, before it cuts")
    console.print(_drawn(tables.token_percentiles(exploration)))
    console.print(_drawn(tables.truncation(exploration)))
    _notes(console, ["* encoder.max_tokens: the model does not read the whole of these texts"])


def _print_texts(console: Console, exploration: Exploration) -> None:
    if exploration.repeated:
        _heading(console, "Repeated most often")
        for repeat in exploration.repeated:
            _print_excerpt(console, repeat.excerpt, f"{number(repeat.times)} times, ")
    for title, excerpts in (("Longest texts", exploration.longest), ("Shortest texts", exploration.shortest)):
        _print_excerpts(console, title, excerpts)
    for name in tables.sampled_labels(exploration, _LABELS_SHOWN):
        _print_excerpts(console, f"Some of {tables.name_of(name)}", exploration.samples[name])


def _print_excerpts(console: Console, title: str, excerpts: Iterable[Excerpt]) -> None:
    shown = list(excerpts)
    if shown:
        _heading(console, title)
    for excerpt in shown:
        _print_excerpt(console, excerpt)


def _print_excerpt(console: Console, excerpt: Excerpt, before: str = "") -> None:
    labels = ", ".join(map(tables.name_of, excerpt.labels)) or "no label"
    size = f"{counted(excerpt.words, 'word')}, {counted(excerpt.characters, 'character')}"
    about = f"{before}{size}, {excerpt.split}: {labels}"
    console.print(Text(about, "dim", overflow="fold"))
    for text in (excerpt.text, excerpt.text_pair):
        if text is not None:
            console.print(Padding(Text(visible(cut(text, _TEXT_CHARACTERS)), overflow="fold"), _INDENT, expand=False))


def _heading(console: Console, title: str) -> None:
    console.print()
    console.print(Text(title, "bold", overflow="fold"))


def _notes(console: Console, notes: Iterable[str]) -> None:
    for note in notes:
        console.print(Text(visible(note), "dim", overflow="fold"))


def _drawn(table: Table) -> RichTable:
    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(table.header):
        if place < table.names:
            drawn.add_column(Text(name), overflow="fold", max_width=_NAME_WIDTH)
        else:
            drawn.add_column(Text(name), justify="right", no_wrap=True)
    for row in table.rows:
        drawn.add_row(*(Text(visible(cell)) for cell in row))
    return drawn


def _label_bars(exploration: Exploration) -> RichTable:
    """A bar for each label and split: of counts, or of shares where a text may hold several labels."""
    shown, sizes = tables.shown_labels(exploration, _LABELS_SHOWN), exploration.sizes
    values = [
        counts.get(name, 0) / max(sizes[split] if exploration.holds_many else 1, 1)
        for name in shown
        for split, counts in exploration.labels.items()
    ]
    is_log = needs_log_scale(values)
    lengths = _log_lengths(values) if is_log else _lengths(values)
    table = tables.labels(exploration, _LABELS_SHOWN)
    drawn = _drawn(Table((*table.header, "share" if exploration.holds_many else "texts"), (), table.names))
    drawn.columns[-1].header = Text("(log scale)" if is_log else "")
    drawn.columns[-1].justify = "left"
    for row, length in zip(table.rows, lengths, strict=True):
        drawn.add_row(*map(Text, row), Text(bar(length, 24)))
    return drawn


def _histogram(exploration: Exploration, quantity: str, width: int) -> RichTable:
    known = exploration.histograms[quantity]
    splits = [split for split, size in exploration.sizes.items() if size]
    names = [bins.name(lower, upper) for lower, upper in zip(known.edges, known.edges[1:])]  # noqa: B905
    shares = {split: [count / exploration.sizes[split] for count in known.counts[split]] for split in splits}
    highest = max(share for of_split in shares.values() for share in of_split)
    name_width = max(map(len, [quantity, *names]))
    # A split's share takes 7 columns, 3 lie between columns, 2 about the table.
    bar_width = max(4, min(24, (width - 2 - name_width) // len(splits) - 13))
    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    drawn.add_column(quantity, justify="right", no_wrap=True)
    for split in splits:
        drawn.add_column(split, justify="right", no_wrap=True)
        drawn.add_column("", width=bar_width)
    for place, name in enumerate(names):
        cells = [(of_split[place], bar(of_split[place] / highest, bar_width)) for of_split in shares.values()]
        drawn.add_row(name, *(text for value, drawn_bar in cells for text in (share(value), drawn_bar)))
    return drawn


def bar(length: float, width: int) -> str:
    """A bar of block characters, an eighth of a column at least where there is anything.

    Args:
        length: from 0 to 1.
        width: columns that 1 takes.
    """
    eighths = max(round(length * width * 8), 1) if length > 0 else 0
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def _lengths(values: Sequence[float]) -> list[float]:
    highest = max(values, default=0) or 1
    return [value / highest for value in values]


def _log_lengths(values: Sequence[float]) -> list[float]:
    """Lengths by the logarithm, that of the smallest value above 0 a twentieth."""
    there = [value for value in values if value > 0]
    smallest, span = min(there), math.log(max(there) / min(there))
    return [0.05 + 0.95 * math.log(value / smallest) / span if value > 0 else 0.0 for value in values]
