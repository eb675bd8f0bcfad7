"""The report's drawings, as SVG that stands in its page: curves, dots with whiskers, matrices."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from components.page.drawing import INK, MARK, SERIES, canvas, svg, tick

_STYLES = ("-", "--", "-.")  # beside its colour each line has a dash of its own
_WHISKER_MARKS = ("o", "s", "^")
_ONE_INCHES, _PANEL_INCHES, _LEGEND_INCHES = 3.3, 2.2, 0.35
_ROW_INCHES, _AXIS_INCHES = 0.2, 0.75
_CELL_SHADE = 0.45  # of the darkest cell: numbers stay readable on it, on light paper and on dark
DIAGONAL_SHADE = 0.6  # quieter than what was measured, and yet seen on light paper and on dark
_DIAGONAL_DASH = (0, (2, 1.5))
_CELL_ROOM = 0.9  # of a cell's width that a number may take
_TITLE_ROOM = 0.98  # of a panel's width that its title may take
_Cell = tuple[Any, int]  # matplotlib's text, and the count that it shows
TITLE_CHARACTERS = 14  # of a matrix among several, in letters that stay readable
_DOTS_UP_TO = 30  # points of a line that is drawn with a dot at each


@dataclasses.dataclass(frozen=True)
class Line:
    """A line through points; None where there is none. `series` says which colour and dash, from 0 to 2."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float | None]
    series: int
    is_dotted: bool = False


@dataclasses.dataclass(frozen=True)
class Panel:
    """Lines over one pair of axes.

    Attributes:
        title: empty where the figure has one panel.
        lines: one to three.
        mark: a point that stands out.
        at: where an upright line stands out.
        diagonal: whether the line from corner to corner is drawn.
        diagonal_name: of that line in the legend, where it has one.
    """

    title: str
    lines: Sequence[Line]
    mark: tuple[float, float] | None = None
    at: float | None = None
    diagonal: bool = False
    diagonal_name: str | None = None


@dataclasses.dataclass(frozen=True)
class Axes:
    """What the axes say, and their ends. `is_whole`: whether only whole numbers are written along the lower one."""

    x: str
    y: str
    xs: tuple[float, float] | None = None
    ys: tuple[float, float] | None = None
    is_whole: bool = False
    is_log: bool = False


@dataclasses.dataclass(frozen=True)
class Dot:
    """A value and its interval, both None where they are not there."""

    value: float | None
    interval: Sequence[float] | None


@dataclasses.dataclass(frozen=True)
class Matrix:
    """Counts [R, C], each cell shaded by its share of its row."""

    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    counts: Sequence[Sequence[int]]


def curves(key: str, panels: Sequence[Panel], axes: Axes) -> str:
    """Panels of lines, two beside each other, with one legend.

    Args:
        key: what the drawing is called; no other in the page is.
        panels: one at least, all with the same axes.
        axes: of every panel.
    """
    columns = 1 if len(panels) == 1 else 2
    rows = math.ceil(len(panels) / columns)
    height = _LEGEND_INCHES + (_ONE_INCHES if columns == 1 else _PANEL_INCHES * rows)
    with canvas(height) as figure:
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        titles = []
        for place, panel in enumerate(panels):
            titles.append(_draw_panel(grid[place], panel, axes))
            if columns > 1:
                grid[place].locator_params(nbins=3)
        for unused in grid[len(panels) :]:
            unused.remove()
        figure.supxlabel(axes.x, fontsize=10)
        figure.supylabel(axes.y, fontsize=10)
        handles = {handle.get_label(): handle for place in grid[: len(panels)] for handle in _handles(place)}
        _draw_legend(figure, handles)
        _fit_titles(figure, titles)
        return svg(figure, key)


def whiskers(
    key: str,
    names: Sequence[str],
    dots: dict[str, Sequence[Dot]],
    unit: str,
    *,
    noun: str,
    reference: float | None = None,
) -> str:
    """Dots with their intervals, a row a name, top to bottom.

    Args:
        key: what the drawing is called; no other in the page is.
        names: of the rows.
        dots: by what they are of, three at most; one a name.
        unit: what the axis says.
        noun: what a row is, for those whose name cannot be written.
        reference: a value at which an upright line is drawn.
    """
    with canvas(_AXIS_INCHES + _ROW_INCHES * len(names) * max(1.0, 0.75 * len(dots)) + 0.3 * (len(dots) > 1)) as figure:
        axes = figure.subplots()
        for place, (name, of_rows) in enumerate(dots.items()):
            offset = (place - (len(dots) - 1) / 2) * 0.24
            _draw_dots(axes, name, of_rows, offset, place)
        if reference is not None:
            axes.axvline(reference, color=INK, linewidth=0.8, linestyle=":")
        axes.set_yticks(range(len(names)), [tick(name, place, noun) for place, name in enumerate(names, 1)])
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.grid(axis="y", color=INK, alpha=0.12, linewidth=0.6)
        axes.set_xlabel(unit)
        axes.locator_params(axis="x", nbins=5)
        if len(dots) > 1:
            figure.legend(loc="outside upper left", ncols=len(dots), frameon=False, fontsize=9)
        return svg(figure, key)


def matrices(key: str, panels: Sequence[Matrix]) -> str:
    """Matrices of counts, rows what is right, columns what was answered; several stand three beside each other."""
    columns = min(len(panels), 3)
    rows = math.ceil(len(panels) / columns)
    size = len(panels[0].rows)
    height = 1.0 + 0.32 * size if columns == 1 else rows * (0.95 + 0.3 * size)
    with canvas(max(height, 2.2) if columns == 1 else height) as figure:
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        titles, drawn = [], []
        for axes, panel in zip(grid, panels, strict=False):
            titles.append(axes.set_title(panel.title, fontsize=9 if columns > 1 else 10))
            drawn += _draw_matrix(axes, panel, is_small=columns > 1)
        for unused in grid[len(panels) :]:
            unused.remove()
        figure.supxlabel("answered", fontsize=10)
        figure.supylabel("right", fontsize=10)
        _fit_titles(figure, titles)
        _fit_counts(figure, drawn, len(panels[0].columns))
        return svg(figure, key)


def _draw_panel(axes: Any, panel: Panel, wanted: Axes) -> Any:
    """Draws it. Its title, as matplotlib has it."""
    for line in panel.lines:
        has_dots = line.is_dotted or len(line.xs) == 1
        axes.plot(
            list(line.xs),
            [math.nan if y is None else y for y in line.ys],
            color=SERIES[line.series],
            linestyle=_STYLES[line.series],
            linewidth=1.6,
            marker=_WHISKER_MARKS[line.series] if has_dots and len(line.xs) <= _DOTS_UP_TO else None,
            markersize=4,
            label=line.name,
        )
    if panel.at is not None:
        axes.axvline(panel.at, color=MARK, linestyle="--", linewidth=1.3, label="chosen")
    if panel.mark is not None:
        axes.plot(*panel.mark, color=MARK, marker="D", markersize=7, linestyle="none", label="chosen")
    if panel.diagonal:
        style = {"color": INK, "alpha": DIAGONAL_SHADE, "linewidth": 1.4, "linestyle": _DIAGONAL_DASH}
        axes.plot([0, 1], [0, 1], label=panel.diagonal_name, zorder=1.5, **style)  # below the other lines
    _set_axes(axes, wanted)
    return axes.set_title(panel.title)


def _set_axes(axes: Any, wanted: Axes) -> None:
    if wanted.is_log:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    if wanted.xs is not None:
        axes.set_xlim(wanted.xs)
    if wanted.ys is not None:
        axes.set_ylim(wanted.ys)
    if wanted.is_whole:
        axes.locator_params(axis="x", integer=True, nbins=8, min_n_ticks=1)
    axes.grid(color=INK, alpha=0.12, linewidth=0.6)


def _draw_legend(figure: Any, handles: Mapping[str, Any]) -> None:
    """In one row where that is wide enough for it, else in several."""
    for columns in range(len(handles), 0, -1):
        legend = figure.legend(
            handles.values(), handles.keys(), loc="outside upper left", ncols=columns, frameon=False, fontsize=9
        )
        if columns == 1 or legend.get_window_extent().width <= figure.bbox.width:
            return
        legend.remove()


def _handles(axes: Any) -> list[Any]:
    return axes.get_legend_handles_labels()[0]


def _draw_dots(axes: Any, name: str, dots: Sequence[Dot], offset: float, series: int) -> None:
    at = [(place + offset, dot) for place, dot in enumerate(dots) if dot.value is not None]
    for y, dot in at:
        if dot.interval is not None and None not in dot.interval:
            axes.plot(list(dot.interval), [y, y], color=SERIES[series], linewidth=1.6, solid_capstyle="butt")
    axes.plot(
        [dot.value for _, dot in at],
        [y for y, _ in at],
        color=SERIES[series],
        marker=_WHISKER_MARKS[series],
        markersize=5,
        linestyle="none",
        label=name,
    )


def _draw_matrix(axes: Any, panel: Matrix, *, is_small: bool) -> list[_Cell]:
    """Draws it. What is written in its cells."""
    size = 8 if is_small or len(panel.rows) > 6 else 10
    texts = []
    for row, counts in enumerate(panel.counts):
        total = sum(counts)
        for column, count in enumerate(counts):
            share = count / total if total else 0.0
            corner = (column - 0.48, row - 0.48)
            axes.add_patch(_square(corner, share * _CELL_SHADE))
            texts.append((axes.text(column, row, f"{count:,}", ha="center", va="center", fontsize=size), count))
    axes.set_xlim(-0.5, len(panel.columns) - 0.5)
    axes.set_ylim(len(panel.rows) - 0.5, -0.5)
    axes.set_xticks(range(len(panel.columns)), _short(panel.columns), fontsize=size, rotation=_slant(panel.columns))
    axes.set_yticks(range(len(panel.rows)), _short(panel.rows), fontsize=size)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return texts


def _fit_titles(figure: Any, titles: Sequence[Any]) -> None:
    """Titles that are wider than their panels are written smaller."""
    figure.draw_without_rendering()  # which lays it out
    for title in titles:
        room, width = title.axes.bbox.width, title.get_window_extent().width
        title.set_fontsize(title.get_fontsize() * min(1.0, _TITLE_ROOM * room / max(width, 1.0)))


def _fit_counts(figure: Any, cells: Sequence[_Cell], columns: int) -> None:
    """Counts that would run into each other are shortened, and written smaller if need be: the table has them whole."""
    figure.draw_without_rendering()  # which lays it out
    room = _CELL_ROOM * min(text.axes.bbox.width for text, _ in cells) / columns
    if _widest(cells) > room:
        for text, count in cells:
            text.set_text(_shortened(count))
    size = cells[0][0].get_fontsize() * min(1.0, room / _widest(cells))
    for text, _ in cells:
        text.set_fontsize(size)


def _widest(cells: Sequence[_Cell]) -> float:
    return max(text.get_window_extent().width for text, _ in cells)


def _shortened(count: int) -> str:
    """A count with two or three digits: 950, 1.9k, 12k, 1.5M."""
    for least, unit, letter in ((999_500, 1_000_000, "M"), (1_000, 1_000, "k")):
        if count >= least:
            return f"{count / unit:.{int(count < 9.95 * unit)}f}{letter}"
    return str(count)


def _square(corner: tuple[float, float], shade: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(corner, 0.96, 0.96, facecolor=SERIES[0], alpha=shade, edgecolor="none")


def _short(names: Sequence[str]) -> list[str]:
    return [tick(name, place) for place, name in enumerate(names, 1)]


def _slant(names: Sequence[str]) -> int:
    return 90 if len(names) > 2 and sum(map(len, _short(names))) > 36 else 0
