from __future__ import annotations

import functools
import io
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from components.exploration.exploration import Exploration
from pipeline.data.show_terminal import bar, print_exploration
from tests.components.exploration.examples import Text
from tests.components.exploration.making import explore, explore_hostile

Make = Callable[[Path], Exploration]


def printed(exploration: Exploration, width: int = 80) -> str:
    output = io.StringIO()
    print_exploration(Console(file=output, width=width, markup=False, highlight=False), exploration)
    return output.getvalue()


def binary(folder: Path) -> Exploration:
    train = [Text("word " * (place % 90), ("neg",), span=place % 4) for place in range(3000)]
    train += [Text(f"rare {place}", ("pos",), tokens=10**5, unknown_rate=0.5) for place in range(40)]
    duplicates = {"across_splits": 123, "within_split": 295}
    return explore(folder, {"train": train, "eval": train[:50], "test": train[-9:]}, duplicates=duplicates)


def many_labels(folder: Path) -> Exploration:
    names = tuple(f"a label of a quite long name, number {place}" for place in range(60))
    texts = [Text(f"text {place}", (names[place % 60],), tokens=10**7) for place in range(6000)]
    return explore(folder, {"train": texts, "eval": texts, "test": []}, "multiclass", names, 300)


def nothing(folder: Path) -> Exploration:
    return explore(folder, {"train": [], "eval": [], "test": []}, rows=0)


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Make], Exploration]:
    """Explores once what several tests print."""
    return functools.cache(lambda make: make(tmp_path_factory.mktemp("examples")))


@pytest.mark.parametrize("make", [binary, many_labels, nothing, explore_hostile])
def test_no_line_is_wider_than_the_terminal(make: Make, explored: Callable[[Make], Exploration]):
    lines = printed(explored(make)).split("\n")
    assert max(map(cell_len, lines)) <= 80
    unshown = {"Cc", "Cf", "Cs"}
    assert not [line for line in lines if any(unicodedata.category(character) in unshown for character in line)]


def test_what_matters_is_there(explored: Callable[[Make], Exploration]):
    output = printed(explored(binary))
    for expected in (
        "What became of the rows", "across splits", "123", "(log scale)", "Words in a text", "Characters in a text",
        "> 128*", "> 512", "Examples by span", "Longest texts", "Shortest texts", "Some of pos", "Repeated most often",
        "100,000",
    ):  # fmt: skip
        assert expected in output
    assert "…" not in output.split("Repeated most often")[0]  # no figure is cut


def test_many_labels_are_cut_to_the_most_frequent(explored: Callable[[Make], Exploration]):
    output = printed(explored(many_labels))
    assert "the 12 most frequent of 60 labels" in output
    assert output.count("Some of ") == 12


def test_a_narrow_terminal_does_not_fail(explored: Callable[[Make], Exploration]):
    assert printed(explored(explore_hostile), width=40)


@pytest.mark.parametrize(
    ("length", "drawn"), [(0, ""), (1e-9, "▏"), (0.5, "█████"), (0.55, "█████▌"), (1, "██████████")]
)
def test_bars(length: float, drawn: str):
    assert bar(length, 10) == drawn
