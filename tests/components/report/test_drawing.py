"""Drawings as they are laid out: what is written in them is measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components.page.drawing import LABEL_CHARACTERS
from components.report import drawing
from components.report.drawing import TITLE_CHARACTERS, Axes, Line, Matrix, Panel, curves, matrices

PLAIN = tuple("abcdefghijkl")
LONG = tuple(f"{place}. a label with.." for place in range(1, 13))


@pytest.fixture
def measure(monkeypatch):
    """Draws, and measures what was drawn while it is laid out."""

    def measure(draw: Callable[[], str], of: Callable[[Any], Any]) -> Any:
        measured = []

        def look(figure: Any, _: str) -> str:
            figure.draw_without_rendering()
            measured.append(of(figure))
            return ""

        monkeypatch.setattr(drawing, "svg", look)
        draw()
        (found,) = measured
        return found

    return measure


def cells(figure: Any) -> list[tuple[str, float, float]]:
    """What each cell says, by which share of its width that is wide, and the size of its letters."""
    return [
        (
            text.get_text(),
            text.get_window_extent().width / (axes.transData.transform((1, 0)) - axes.transData.transform((0, 0)))[0],
            text.get_fontsize(),
        )
        for axes in figure.axes
        for text in axes.texts
    ]


@pytest.mark.parametrize("names", [PLAIN[:2], LONG[:7], LONG], ids=len)
@pytest.mark.parametrize("count", [1_949, 999_499, 1_234_567])
def test_counts_stay_within_their_cells_and_readable(measure, names, count):
    counts = [[count] * len(names)] * len(names)
    found = measure(lambda: matrices("key", [Matrix("", names, names, counts)]), cells)
    assert len(found) == len(names) ** 2
    assert max(width for _, width, _ in found) < 0.95
    assert min(size for _, _, size in found) >= 6


@pytest.mark.parametrize("panels", [2, 3, 6])
def test_counts_stay_within_the_cells_of_small_matrices(measure, panels):
    counts = [[152_111, 12], [3, 1_234_567]]
    panel = Matrix("label", ("yes", "no"), ("yes", "no"), counts)
    found = measure(lambda: matrices("key", [panel] * panels), cells)
    assert max(width for _, width, _ in found) < 0.95


def test_counts_are_whole_where_they_fit_and_short_where_not(measure):
    def written(names: tuple[str, ...]) -> set[str]:
        counts = [[count] * len(names) for count in (0, 950, 1_949, 12_345, 999_499, 999_500, 1_234_567)][: len(names)]
        return {text for text, _, _ in measure(lambda: matrices("key", [Matrix("", names, names, counts)]), cells)}

    assert written(PLAIN[:3]) == {"0", "950", "1,949"}
    assert written(PLAIN[:7]) == {"0", "950", "1.9k", "12k", "999k", "1.0M", "1.2M"}


def titles(figure: Any) -> list[tuple[float, float, float, float]]:
    """Where each title begins and ends, where its panel ends, and the size of its letters."""
    found = []
    for axes in figure.axes:
        extent, title = axes._left_title.get_window_extent(), axes._left_title
        assert extent.x1 <= figure.bbox.width
        found.append((extent.x0, extent.x1, axes.bbox.x1, title.get_fontsize()))
    return found


@pytest.mark.parametrize("letter", "mW")
@pytest.mark.parametrize("panels", [2, 6])
def test_titles_stay_within_their_panels_and_readable(measure, letter, panels):
    lines = [Line("candidate", [0, 1], [0, 1], 0)]
    panel = Panel(letter * LABEL_CHARACTERS, lines)
    matrix = Matrix(letter * TITLE_CHARACTERS, ("yes", "no"), ("yes", "no"), [[1, 2], [3, 4]])
    drawn = measure(lambda: curves("key", [panel] * panels, Axes("x", "y")), titles)
    drawn += measure(lambda: matrices("key", [matrix] * panels), titles)
    assert all(end <= panel_end + 1 for _, end, panel_end, _ in drawn)
    assert min(size for *_, size in drawn) >= 5


def test_usual_titles_are_not_written_smaller(measure):
    matrix = Matrix("severe_toxic", ("yes", "no"), ("yes", "no"), [[1, 2], [3, 4]])
    assert {size for *_, size in measure(lambda: matrices("key", [matrix] * 3), titles)} == {9}


@pytest.mark.parametrize("panels", [1, 6])
def test_a_legend_stays_within_its_drawing_and_above_the_panels(measure, panels):
    lines = [Line(name, [0, 1], [0, 1], place) for place, name in enumerate(("candidate", "served", "linear"))]
    panel = Panel("title", lines, mark=(0.5, 0.5), diagonal=True, diagonal_name="perfectly calibrated")

    def legend(figure: Any) -> tuple[Any, ...]:
        extent = figure.legends[0].get_window_extent()
        tops = [axes.get_tightbbox().y1 for axes in figure.axes]
        return len(figure.legends[0].texts), len(figure.legends), extent, figure.bbox, max(tops)

    texts, legends, extent, whole, top = measure(lambda: curves("key", [panel] * panels, Axes("x", "y")), legend)
    assert (texts, legends) == (5, 1)
    assert whole.x0 <= extent.x0 < extent.x1 <= whole.x1 + 1
    assert top <= extent.y0 + 1
