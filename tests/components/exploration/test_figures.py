from __future__ import annotations

import re

import pytest

from components.exploration.exploration import QUANTITIES, Distribution, Exploration, Group, Histogram
from components.exploration.figures import draw
from components.page.figure import Figure
from tests.components.exploration.making import account

LONG = "a name that is far too long for a drawing"


def label_bars(total: dict[str, int], kind: str = "multiclass", texts: int = 400) -> Figure:
    """The figure of labels that so many of the texts hold."""
    same = Distribution(5.0, 5, 5.0, 5.0, 5.0, 5.0, 5.0, 5)
    quantities: dict[str, Distribution] = dict.fromkeys(QUANTITIES, same)
    known = Exploration(
        task="task",
        kind=kind,
        names=tuple(total),
        max_tokens=128,
        account=account(),
        labels={"train": total},
        labels_per_text={"train": {1: texts}},
        splits=(Group("train", texts, quantities, {}, 0.0, 0.0),),
        by_label=(),
        histograms={quantity: Histogram((5, 6), {"train": (texts,)}) for quantity in quantities},
        spans={0: {"train": texts}},
        longest=(),
        shortest=(),
        samples={},
        repeated=(),
        repeats=0,
    )
    return next(figure for figure in draw(known) if figure.key == "label-bars")


@pytest.mark.parametrize(
    ("total", "said"),
    [
        ({"neg": 200, "pos": 200}, "Equally often: neg, pos: 200 each (50.0 %)."),
        ({"neg": 300, "pos": 100}, "Most frequent: neg: 300 (75.0 %); least frequent: pos: 100 (25.0 %)."),
        (
            {"a": 120, "b": 120, "c": 40, "d": 40, "e": 40, "f": 40},
            "Most frequent: a, b: 120 each (30.0 %); least frequent: 4 labels: 40 each (10.0 %).",
        ),
        ({"only": 400}, "each label. only: 400 (100.0 %)."),
    ],
)
def test_equally_frequent_labels_are_said_to_be(total: dict[str, int], said: str):
    assert label_bars(total).alt.endswith(said)


def test_the_words_say_what_bars_and_axis_mean():
    even = label_bars({"neg": 200, "pos": 200}).alt
    assert even.startswith("Bars: how many texts of each split hold each label. ")
    far = label_bars({"neg": 399, "pos": 1}).alt
    assert far.startswith("Bars: how many texts of each split hold each label, on a logarithmic axis. ")
    shares = label_bars({"neg": 300, "pos": 200}, "multilabel").alt
    assert shares.startswith("Bars: the share of each split's texts that holds each label. ")
    many = label_bars({f"label {place}": 20 for place in range(30)}).alt
    assert "hold each of the 20 most frequent labels. " in many


def drawn_words(figure: Figure) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", figure.svg)


def test_a_label_that_cannot_be_drawn_has_its_number_in_the_table():
    figure = label_bars({"plain": 100, "\u6f22\u5b57": 100, LONG: 200})
    assert [row[0] for row in figure.table.rows] == [
        "1. plain",
        "2. \u6f22\u5b57",
        "3. a name that is far too long for a drawi\u2026",
    ]
    assert {"plain", "label 2", "3. a name that is..."} <= set(drawn_words(figure))


def test_labels_that_can_be_drawn_need_no_numbers():
    figure = label_bars({"neg": 100, "pos": 300})
    assert [row[0] for row in figure.table.rows] == ["neg", "pos"]
    assert {"neg", "pos"} <= set(drawn_words(figure))
