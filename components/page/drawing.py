"""Drawings as SVG that stands in a page, bars among them: letters and colours of the page, the same bytes always.

Texts in a drawing are ASCII: other scripts belong into the page, whose fonts know them.
"""

from __future__ import annotations

import io
import logging
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from components.features import SPLITS
from components.page.tables import number

WIDTH = 4.4  # inches: what letters of 10 points stay readable in on a phone's screen
INK = "#010203"  # stands for the page's colour of text
MARK = "#010204"  # of what stands out
SERIES = ("#010101", "#010102", "#010103")
_COLOURS = {INK: "currentColor", MARK: "var(--mark)"} | {
    colour: f"var(--series-{place})" for place, colour in enumerate(SERIES, 1)
}
_OF_SPLIT: dict[str, str] = dict(zip(SPLITS, SERIES, strict=True))
_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "bertline",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
}
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_MOST_TICKS = 7
_LOG_SCALE_FROM = 20  # how many times the smallest count the largest must be
LABEL_CHARACTERS = 20
_BAR_INCHES, _PANEL_INCHES = 0.17, 1.25
_FONT_FAMILY = re.compile(r"font(?:-family)?:[^;\"]*;?")
_FONT_SIZE = re.compile(r"(\d+(?:\.\d+)?)px")


def bars(
    key: str, names: Sequence[str], values: Mapping[str, Sequence[float]], unit: str, *, is_log: bool = False
) -> str:
    """Lying bars: for each name one a series, in the order of `values`, with a legend unless a series has no name.

    Args:
        key: what the drawing is called; no other in the page is.
        names: what the bars are of, top to bottom; one that is not `writable` is drawn with its number, from 1.
        values: by split, or by any three series, one a name.
        unit: what the axis says.
        is_log: whether the axis is logarithmic; the scale then begins below the smallest value above 0.
    """
    height = 1.0 + _BAR_INCHES * len(names) * (len(values) + 1)
    with canvas(height) as figure:
        axes = figure.subplots()
        thickness = 0.84 / max(len(values), 1)
        for place, (name, of_series) in enumerate(values.items()):
            at = [row + (place - (len(values) - 1) / 2) * thickness for row in range(len(names))]
            colour = _OF_SPLIT.get(name, SERIES[place])
            axes.barh(at, list(of_series), height=thickness * 0.92, color=colour, label=name)
        axes.set_yticks(range(len(names)), [tick(name, place) for place, name in enumerate(names, 1)])
        axes.invert_yaxis()
        if is_log:
            smallest = min(value for of_split in values.values() for value in of_split if value > 0)
            axes.set_xscale("log")
            axes.set_xlim(left=smallest / 2)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 10 else f"{value:g}")
        axes.set_xlabel(f"{unit} (log scale)" if is_log else unit)
        if any(values):
            figure.legend(loc="outside upper left", ncols=len(values), frameon=False)
        return svg(figure, key)


def panels(key: str, edges: Sequence[int], shares: Mapping[str, Sequence[float]], unit: str, mark: int | None) -> str:
    """A panel of standing bars a split, one above the other over the same bins, which are drawn equally wide.

    Args:
        key: what the drawing is called; no other in the page is.
        edges: of the bins, rising.
        shares: by split, in per cent, one a bin.
        unit: what the lower axis says.
        mark: a value at which a line is drawn, if it is within the edges.
    """
    highest = max((share for of_split in shares.values() for share in of_split), default=1.0)
    with canvas(0.5 + _PANEL_INCHES * len(shares)) as figure:
        all_axes = figure.subplots(len(shares), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        for axes, (split, of_split) in zip(all_axes, shares.items(), strict=True):
            axes.bar(range(len(of_split)), list(of_split), width=0.94, align="edge", color=_OF_SPLIT[split])
            axes.set_title(f"{split}, % of texts")
            axes.set_ylim(0, highest * 1.05 or 1.0)
            if mark is not None and edges[0] < mark < edges[-1]:
                axes.axvline(_place(mark, edges), color=MARK, linestyle="--", linewidth=1.5)
        ticks = range(0, len(edges), math.ceil(len(edges) / _MOST_TICKS))
        all_axes[-1].set_xticks(list(ticks), [number(edges[place]) for place in ticks])
        all_axes[-1].set_xlabel(unit)
        return svg(figure, key)


def needs_log_scale(counts: Iterable[float]) -> bool:
    """Whether some of the counts could not be seen beside the largest. Those that are 0 are not looked at."""
    there = [count for count in counts if count > 0]
    return bool(there) and max(there) > _LOG_SCALE_FROM * min(there)


def writable(name: str, most: int = LABEL_CHARACTERS) -> bool:
    """Whether a drawing can write the whole of a name: any font has its letters, and no more than so many."""
    return _has_letters(name) and len(name) <= most


def tick(name: str, place: int, noun: str = "label", most: int = LABEL_CHARACTERS) -> str:
    """A name, or its number with as much of it as can be written; `noun` says what it is of where nothing can."""
    if writable(name, most):
        return name
    return f"{place}. {name}"[: most - 3] + "..." if _has_letters(name) else f"{noun} {place}"


def _has_letters(name: str) -> bool:
    return name.isascii() and name.isprintable()


def _place(value: int, edges: Sequence[int]) -> float:
    """Where a value stands on an axis on which the distance of two edges is 1."""
    lower = max(place for place, edge in enumerate(edges) if edge <= value)
    return lower + (value - edges[lower]) / (edges[lower + 1] - edges[lower])


@contextmanager
def canvas(height: float) -> Iterator[Any]:
    """A figure of matplotlib's, whatever the user's own settings of it; what it would keep of them stays as it was."""
    with _without_complaint():
        import matplotlib as mpl
        from matplotlib.figure import Figure
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield Figure(figsize=(WIDTH, height), layout="constrained")


@contextmanager
def _without_complaint() -> Iterator[None]:
    """Where the user's folders cannot be written, matplotlib uses a temporary one of its own, and warns of it."""
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def svg(figure: Any, key: str) -> str:
    """The `svg` element alone: its names its own, its colours and letters the page's."""
    file = io.StringIO()
    with _without_complaint():
        figure.savefig(file, format="svg", transparent=True, metadata=_NO_METADATA)
    drawn = file.getvalue()
    drawn = drawn[drawn.index("<svg") :].strip()
    for change in (_own_names(key), _page_colours, _page_letters, _page_size):
        drawn = change(drawn)
    return drawn


def _own_names(key: str) -> Callable[[str], str]:
    def change(drawn: str) -> str:
        drawn = re.sub(r'\bid="', f'id="{key}-', drawn)
        drawn = re.sub(r'\b(?:xlink:)?href="#', f'href="#{key}-', drawn)
        return drawn.replace("url(#", f"url(#{key}-")

    return change


def _page_colours(drawn: str) -> str:
    for stands_for, colour in _COLOURS.items():
        drawn = drawn.replace(stands_for, colour)
    return drawn


def _page_letters(drawn: str) -> str:
    """Text takes the page's font; matplotlib's style of all elements would be the whole page's."""
    drawn = re.sub(r"<style.*?</style>", "", drawn, flags=re.DOTALL)
    return re.sub(r'<text style="([^"]*)"', lambda text: f'<text style="{_letters(text[1])}"', drawn)


def _letters(style: str) -> str:
    size = _FONT_SIZE.search(style)
    kept = _FONT_FAMILY.sub("", re.sub(r"font-size:[^;]*;?", "", style)).strip()
    return f"font-size: {size[0]}; {kept}" if size else kept


def _page_size(drawn: str) -> str:
    """Without width, height and names of other documents' formats: an `svg` of HTML has its place's width."""
    head, rest = drawn.split(">", 1)
    view_box = re.findall(r'viewBox="[^"]*"', head)[0]
    return f'<svg {view_box} aria-hidden="true">{rest}'
