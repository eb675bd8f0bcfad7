from __future__ import annotations

import itertools
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from components.exploration import page
from components.exploration.exploration import Exploration
from components.page import drawing
from components.page.figure import Figure
from tests.components.exploration.examples import Text
from tests.components.exploration.making import explore, explore_hostile
from tests.components.page.chromium import CHROMIUM, looked_at
from tests.components.page.looking import WIDEST, Page, contrast, palettes

_SHOWN_IN_PRINT = """[...document.querySelectorAll("figure table")]
  .filter(known => known.getBoundingClientRect().height > 20 && !known.closest("details")).length"""


def texts(count: int, label: str, span: int = 0) -> list[Text]:
    return [Text(f"{label} text {place} " + "more " * (place % 40), (label,), span=span) for place in range(count)]


class View(NamedTuple):
    """An exploration, the figures drawn of it, and its page."""

    exploration: Exploration
    figures: list[Figure]
    source: str


def view(exploration: Exploration) -> View:
    """Draws once what the page shows."""
    figures: list[Figure] = []
    with pytest.MonkeyPatch.context() as patched:
        draw = page.draw
        patched.setattr(page, "draw", lambda known: figures.extend(draw(known)) or figures)
        return View(exploration, figures, page.render(exploration))


@pytest.fixture(scope="module")
def friendly(tmp_path_factory: pytest.TempPathFactory) -> View:
    splits = {"train": [*texts(900, "neg"), *texts(40, "pos", 1)], "eval": texts(30, "neg"), "test": texts(2, "pos")}
    return view(explore(tmp_path_factory.mktemp("examples"), splits, duplicates={"within_split": 7}))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> View:
    return view(explore_hostile(tmp_path_factory.mktemp("examples")))


def test_the_page_says_what_was_measured(friendly: View):
    parsed = Page(friendly.source)
    assert all(parsed.headings)
    assert "940 train, 30 eval, 2 test" in parsed.text
    assert "duplicates dropped" in parsed.text
    assert parsed.having("html")[0]["lang"] == "en"
    assert {known["href"] for known in parsed.having("a")} <= {f"#{known['id']}" for known in parsed.having("section")}


@pytest.mark.parametrize("which", ["friendly", "hostile"])
def test_each_figure_has_its_words_and_its_numbers(which: str, request: pytest.FixtureRequest):
    known, figures, source = request.getfixturevalue(which)
    parsed = Page(source)
    expected = {"label-bars", "words", "characters", "tokens", "span-bars"}
    assert {figure.key for figure in figures} == expected | ({"labels-per-text"} if known.holds_many else set())
    images = [attributes for _, attributes in parsed.elements if attributes.get("role") == "img"]
    assert len(images) == len(parsed.having("figure")) == len(parsed.having("svg")) == len(figures)
    assert all(len(image["aria-label"] or "") > 40 for image in images)
    assert all(figure.table.rows for figure in figures)
    assert len(parsed.having("details")) == len(figures)


@pytest.mark.parametrize("which", ["friendly", "hostile"])
def test_nothing_comes_from_elsewhere(which: str, request: pytest.FixtureRequest):
    parsed = Page(request.getfixturevalue(which).source)
    tags = {tag for tag, _ in parsed.elements}
    assert not tags & {"script", "img", "link", "iframe", "object", "embed", "form", "base", "image"}
    for _, attributes in parsed.elements:
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in {"src", "href", "xlink:href"} or (value or "").startswith("#")
            assert not re.search(r"url\((?!#)|@import|https?:", value or ""), (name, value)
    identities = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(identities) == len(set(identities))
    assert {known["href"][1:] for known in parsed.having("use")} <= set(identities)


def test_hostile_texts_are_shown_not_obeyed(hostile: View):
    source = hostile.source
    parsed = Page(source)
    assert not parsed.having("script")
    assert not parsed.having("b")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]", source)
    assert "<script>alert(1)</script>" in parsed.text
    assert "{{ 7 * 7 }}" in parsed.text
    assert "\\x1b[2J" in parsed.text
    assert "\\u202etxt.exe" in parsed.text
    assert "\U0001f468\u200d\U0001f469" in parsed.text
    for figure in hostile.figures:
        assert figure.svg.isascii()


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_no_examples_at_all(kind: str, tmp_path: Path):
    known = explore(tmp_path, {"train": [], "eval": [], "test": []}, kind, rows=0)
    parsed = Page(page.render(known))
    assert "0 examples" in parsed.text
    assert not parsed.having("figure")


def test_many_labels_and_an_empty_split(tmp_path: Path):
    names = tuple(f"label {place}" for place in range(120))
    train = [Text(f"text {place}", (names[place % 7 * place % 120],)) for place in range(500)]
    known = explore(tmp_path, {"train": train, "eval": [], "test": train[:3]}, "multiclass", names)
    parsed = Page(page.render(known))
    assert "20 most frequent of 120 labels" in " ".join(parsed.text.split())
    assert "label 0" in parsed.text


def test_the_same_data_gives_the_same_bytes(friendly: View, tmp_path: Path):
    settings = tmp_path / "matplotlibrc"
    settings.write_text("font.size: 31\nsvg.fonttype: path\n")
    code = (
        "import pickle, sys; from components.exploration import page; print(page.render(pickle.load(sys.stdin.buffer)))"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps(friendly.exploration),
        env={
            **os.environ,
            "MPLCONFIGDIR": str(tmp_path),
            "PYTHONHASHSEED": "7",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        capture_output=True,
        check=True,
    )
    assert elsewhere.stdout.decode().rstrip("\n") == friendly.source.rstrip("\n")


def test_a_home_that_cannot_be_written_is_no_complaint(tmp_path: Path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    code = "from components.page import drawing; print(drawing.bars('key', ['a'], {'train': [1]}, 'texts')[:4])"
    environment = {name: value for name, value in os.environ.items() if name != "MPLCONFIGDIR"}
    homeless = {"HOME": str(blocked), "XDG_CONFIG_HOME": str(blocked), "XDG_CACHE_HOME": str(blocked)}
    drawn = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, **homeless, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert drawn.stdout == "<svg\n"
    assert "matplotlib" not in drawn.stderr.lower()


def test_the_settings_of_matplotlib_stay():
    import matplotlib as mpl

    mpl.rcParams["font.size"] = 17
    try:
        assert drawing.bars("key", ["a"], {"train": [1]}, "texts").startswith("<svg")
        assert mpl.rcParams["font.size"] == 17
    finally:
        mpl.rcParams["font.size"] = mpl.rcParamsDefault["font.size"]


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
@pytest.mark.parametrize("which", ["friendly", "hostile"])
def test_a_browser_has_no_complaint_and_a_phone_no_overflow(which: str, request: pytest.FixtureRequest, tmp_path: Path):
    file = tmp_path / "page.html"
    file.write_text(request.getfixturevalue(which).source, encoding="utf-8")
    widest, complaints = looked_at(file, tmp_path / "profile", 360, WIDEST)
    assert complaints == []
    assert widest <= 360


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
def test_what_is_printed_has_the_numbers_outside_of_closed_details(friendly: View, tmp_path: Path):
    file = tmp_path / "page.html"
    file.write_text(friendly.source, encoding="utf-8")
    counts = {
        media: looked_at(file, tmp_path / media, 1000, _SHOWN_IN_PRINT, media)[0] for media in ("screen", "print")
    }
    assert counts == {"screen": 0, "print": len(friendly.figures)}


def test_the_numbers_to_print_are_a_copy_that_needs_no_details(friendly: View):
    parsed = Page(friendly.source)
    copies = [attributes for attributes in parsed.having("div") if attributes.get("class") == "printed"]
    assert len(copies) == len(friendly.figures)
    printing = friendly.source.split("@media print {")[1].split("</style>")[0]
    assert re.search(r"details[^{]*\{ display: none; \}", printing)
    assert ".printed { display: block; }" in printing
    assert "details-content" not in printing


def test_colours_stand_out_on_either_paper(friendly: View):
    assert contrast("#fff", "#000000") == pytest.approx(21)
    light, dark = palettes(friendly.source)
    for palette in (light, dark):
        series = [palette[f"series-{place}"] for place in (1, 2, 3)]
        assert all(contrast(colour, palette["paper"]) >= 3 for colour in (*series, palette["mark"]))  # WCAG 1.4.11
        assert all(contrast(palette[text], palette["paper"]) >= 4.5 for text in ("ink", "quiet"))  # WCAG 1.4.3
        assert all(contrast(*pair) >= 1.3 for pair in itertools.combinations(series, 2))
