from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from components.example_gen.normalise import text_id
from components.report.drawing import DIAGONAL_SHADE
from components.report.page import render
from components.report.told import Step, Told
from components.report.write import write
from tests.components.exploration.examples import Text, write_split
from tests.components.exploration.making import HOSTILE, HOSTILE_NAMES
from tests.components.page.chromium import CHROMIUM, looked_at
from tests.components.page.looking import WIDEST, Page, contrast, palettes
from tests.components.report.making import MULTICLASS, MULTILABEL, STEPS, judged, rows, verdict, write_json, write_run

_TRAINING = {f"training-{name}" for name in ("loss", "accuracy", "auc", "f1")}
_DATA = {"label-bars", "words-curve", "characters-curve", "tokens-curve"}
_CURVES = {"roc", "precision-recall", "calibration"}
_OTHERS = {"confusion", "slices-auc", "slices-accuracy", "slices-f1", "durations"}


@dataclasses.dataclass(frozen=True)
class View:
    """A report as it was written."""

    numbers: dict[str, Any]
    source: str

    @functools.cached_property
    def page(self) -> Page:
        return Page(self.source)

    @functools.cached_property
    def text(self) -> str:
        return " ".join(self.page.text.split())

    @functools.cached_property
    def alts(self) -> list[str]:
        return [str(one["aria-label"]) for _, one in self.page.elements if one.get("role") == "img"]


def written(run: Told, folder: Path) -> View:
    path = write(run, folder / "report.html")
    return View(json.loads((folder / "report.json").read_text()), path.read_text())


def only(run: Told, *steps: str) -> Told:
    """The run, if of these steps alone something were left: fewer figures to draw."""
    kept = [step if step.name in steps else dataclasses.replace(step, outputs={}) for step in run.steps]
    return dataclasses.replace(run, steps=kept)


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return written(write_run(folder, judged()), folder)


@pytest.fixture(scope="module")
def toxic(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    names = ("toxic", "severe_toxic", "obscene")
    return written(write_run(folder, judged(MULTILABEL, names, rivals=("linear",))), folder)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    names = tuple(f"intent number {place}" for place in range(100))
    return written(write_run(folder, judged(MULTICLASS, names, 1500, ())), folder)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Names, reasons and texts that a browser would obey."""
    folder = tmp_path_factory.mktemp("run")
    known = judged(MULTILABEL, HOSTILE_NAMES, rivals=())
    texts = [f"{HOSTILE[place % len(HOSTILE)]} {place}" for place in range(len(known.ids))]
    known.ids = [text_id(text) for text in texts]
    write_split(folder / "examples" / "Split-test", [Text(text, ()) for text in texts])
    judgement = verdict(known, forced=HOSTILE[0], notes=list(HOSTILE))
    for kind in ("metrics", "intervals"):
        judgement[kind][f"source={HOSTILE[1]}"] = judgement[kind]["overall"]
    config = {"report": {"excerpts": 9}, "data": {"path": HOSTILE[0]}, "samples": list(HOSTILE)}
    scored = [{"text": text, "scores": {HOSTILE_NAMES[0]: 0.5}, "predicted": HOSTILE_NAMES[:2]} for text in HOSTILE]
    record = {"outside": {"span": HOSTILE[1]}, "versions": {HOSTILE[0]: HOSTILE[2]}}
    run = write_run(
        folder, known, reasons=list(HOSTILE), config=config, samples=scored, evaluation=judgement, record=record
    )
    write_json(folder / "quarantine" / "summary.json", json.loads((folder / "quarantine" / "summary.json").read_text()))
    return written(run, folder)


def test_the_verdict_comes_first_with_its_reasons(binary):
    text = binary.text
    assert "reviews: report of a run NOT BLESSED" in text
    assert text.index("NOT BLESSED") < text.index("accuracy is too low") < text.index("Gates")
    assert [one["id"] for one in binary.page.having("section")] == list(binary.numbers)[1:]
    assert {one["href"] for one in binary.page.having("a")} == {f"#{name}" for name in list(binary.numbers)[1:]}


@pytest.mark.parametrize(
    ("which", "more"),
    [
        ("binary", {"thresholds", "against-served", "against-linear"}),
        ("toxic", {"thresholds", "against-linear"}),
        ("many", set()),
    ],
)
def test_every_figure_is_there_with_words_and_numbers(which, more, request):
    view = request.getfixturevalue(which)
    wanted = _TRAINING | _DATA | _CURVES | _OTHERS | more
    found = {re.match(r"(.*)-figure_1$", one["id"]) for _, one in view.page.elements if "id" in one}
    assert {one[1] for one in found if one} == wanted
    figures = view.page.having("figure")
    assert len(figures) == len(wanted) == len(view.alts) == len(view.page.having("details")) - 1  # the configuration
    assert all(len(alt) > 40 for alt in view.alts)
    identities = [one["id"] for _, one in view.page.elements if "id" in one]
    assert len(identities) == len(set(identities))


def test_the_page_shows_the_numbers_of_the_json(binary, toxic):
    for view in (binary, toxic):
        curves = view.numbers["curves"]
        roc = next(alt for alt in view.alts if "Area under the curve" in alt)
        precise = next(alt for alt in view.alts if "Average precision" in alt)
        for name in curves["roc"]:
            for model, of in curves["roc"][name].items():
                assert f"{model} {of['auc']:.4f}" in roc
                assert f"{model} {curves['precision_recall'][name][model]['average_precision']:.4f}" in precise
        for check in view.numbers["gates"]["checks"]:
            assert f"{check['value']:.4f}" in view.text
        for one in view.numbers["comparison"]["differences"]:
            assert f"{one['difference']:+.4f}" in view.text
        for step in view.numbers["durations"]["steps"]:
            assert step in view.text
    assert "MISSED" in binary.text
    assert "p99 latency is told" in binary.text
    assert "2.9 MB" in binary.text


def test_the_diagonal_of_a_calibrated_model_is_named(binary):
    diagrams = re.findall(r"<svg.*?</svg>", binary.source, re.DOTALL)
    named = [one for one in diagrams if "perfectly calibrated" in one]
    assert len(named) == 1
    assert 'id="calibration-' in named[0]


def test_many_labels_are_cut_and_the_page_says_so(many):
    text = many.text
    assert "Of 100 labels the 6 most frequent of the test split are drawn" in text
    assert "The 11 most frequent of 100 labels; the rest is put together" in text
    assert "The 20 most frequent of 100 labels are drawn" in text
    assert "The 25 largest of 103 slices are shown" in text
    matrix = many.numbers["confusion"]["matrix"]
    assert sum(map(sum, matrix)) == 1500
    assert len(many.source) < 1_000_000


def test_a_blessing_by_force_is_shown_with_its_reason(tmp_path):
    known = judged(count=60)
    forced = verdict(known, forced="the old model is wrong about names", blessed=True)
    run = write_run(tmp_path, known, verdict="PUSHED", sentence="PUSHED", reasons=[], version=4, evaluation=forced)
    text = written(only(run), tmp_path).text
    assert "PUSHED version 4, by force" in text
    assert "because: the old model is wrong about names" in text
    assert "accuracy is too low" in text


def test_a_run_that_stopped_at_once_says_why_everything_is_missing(tmp_path):
    steps = [Step("TextExampleGen", "failed", 2.5, {}), *(Step(name, "waiting", 0.0, {}) for name in STEPS[1:])]
    told = "the data is gone\n  in two lines"
    view = written(Told("task", "id", "now", 3.0, "STOPPED", f"STOPPED because {told}", [told], steps), tmp_path)
    assert told in view.page.text
    assert len(view.page.having("figure")) == 1  # durations
    for says in (
        "The step TextExampleGen failed.",
        "The step Trainer was not reached.",
        "The step Evaluator was not reached. Nothing was held against the gates.",
        "Nobody noted the configuration of this run.",
        "report.excerpts is 0",
    ):
        assert says in view.text


def test_a_run_without_any_step_has_a_report(tmp_path):
    view = written(Told("task", "id", "now", None, "STOPPED", "STOPPED", ["interrupted"], []), tmp_path)
    assert "did not get as far as the step Evaluator" in view.text
    assert not view.page.having("figure")


def test_a_step_whose_time_nobody_knows_has_none(tmp_path):
    steps = [Step("TextExampleGen", "done", 2.5, {}), Step("Trainer", "cancelled", None, {})]
    run = Told("task", "id", "now", None, "STOPPED", "STOPPED", ["interrupted"], steps)
    view = written(run, tmp_path)
    assert view.numbers["durations"]["steps"]["Trainer"] == {"state": "cancelled", "seconds": None}
    assert "Trainercancelled\N{EN DASH}" in view.text
    assert "The longest, TextExampleGen, took 2.5 s" in view.alts[0]
    view = written(dataclasses.replace(run, steps=steps[1:]), tmp_path)
    assert "How long each step took is not known here." in view.text
    assert not view.alts


def test_an_account_of_an_earlier_version_is_shown_without_what_it_did_not_count(tmp_path):
    run = write_run(tmp_path, judged(count=60))
    known = rows()
    del known["not_sampled"]
    write_json(tmp_path / "quarantine" / "summary.json", known)
    view = written(only(run, "TextExampleGen"), tmp_path)
    assert "rows read1,230" in view.text
    assert "cannot be shown" not in view.text


def test_what_stopped_the_data_gate_is_listed(tmp_path):
    anomaly = {"split": "train", "feature": "label", "sentence": "unknown value"}
    write_json(tmp_path / "stopped" / "anomalies.json", {"anomalies": [anomaly], "comparisons": []})
    steps = [Step("DataGate", "failed", 1.0, {})]
    run = Told("task", "id", "now", 3.0, "STOPPED", "STOPPED", ["gate"], steps, gate=str(tmp_path / "stopped"))
    assert "unknown value" in written(run, tmp_path).text


@pytest.mark.parametrize("which", ["binary", "toxic", "many", "hostile"])
def test_columns_and_rows_all_have_a_heading_that_says_something(which, request):
    page = request.getfixturevalue(which).page
    assert "result" in page.headings
    assert all(page.headings)


def test_a_table_without_headings_has_no_header(binary):
    for caption, has_header in (("The training in short", False), ("What was asked for on the test split", True)):
        (table,) = re.findall(rf"{caption}</p>.*?<table>(.*?)</table>", binary.source, re.DOTALL)
        assert ("<thead>" in table) == has_header


@pytest.mark.parametrize("excerpts", [0, 2])
def test_the_hardest_errors_are_shown_where_asked_for(tmp_path, excerpts):
    known = judged(count=60, rivals=())
    texts = [f"text number {place} of all" for place in range(60)]
    known.ids = [text_id(text) for text in texts]
    write_split(tmp_path / "examples" / "Split-test", [Text(text) for text in texts], shards=2)
    known.thresholds = [0.8]
    run = write_run(tmp_path, known, config={"report": {"excerpts": excerpts}}, evaluation=None)
    view = written(only(run, "Evaluator", "TextExampleGen"), tmp_path)
    answers = known.scores["candidate"] >= 0.8
    off = abs(known.scores["candidate"] - known.targets)[:, 0] * (answers != known.targets)[:, 0]
    worst = [texts[place] for place in (-off).argsort()[:excerpts]]
    for text in texts:
        assert (text in view.page.text) == (text in worst)
        assert (text in json.dumps(view.numbers)) == (text in worst)
    if excerpts:
        assert [one["texts"] for one in view.numbers["errors"]["errors"]] == [[text] for text in worst]
        assert view.numbers["errors"]["wrong"] == (answers != known.targets).sum()


def test_hostile_texts_and_names_are_shown_not_obeyed(hostile):
    page, source = hostile.page, hostile.source
    assert not [tag for tag in ("script", "b", "img", "link", "iframe", "object", "form", "base") if page.having(tag)]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]", source)
    for attributes in (attributes for _, attributes in page.elements):
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in {"src", "href", "xlink:href"} or (value or "").startswith("#")
            assert not re.search(r"url\((?!#)|@import|https?:", value or ""), (name, value)
    for svg in re.findall(r"<svg.*?</svg>", source, re.DOTALL):
        assert svg.isascii()
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert "\\x1b[2J" in page.text
    assert len(hostile.numbers["errors"]["errors"]) == 9
    assert all(one["texts"] for one in hostile.numbers["errors"]["errors"])
    shown = [name for name, of in hostile.numbers.items() if "missing" in of]
    assert shown == ["comparison"]
    assert "cannot be shown" not in page.text


def test_the_page_is_made_of_the_json_alone(binary):
    assert render(binary.numbers) == binary.source


def test_no_tensorflow_is_loaded(tmp_path):
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from tests.components.report.making import judged, write_run\n"
        "from components.report.write import write\nimport pipeline.reporting\n"
        "run = write_run(Path(sys.argv[1]), judged(count=60), evaluation=None)\n"
        "write(run, Path(sys.argv[1], 'report.html'))\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
@pytest.mark.parametrize("which", ["binary", "toxic", "many", "hostile"])
def test_a_browser_has_no_complaint_and_a_phone_no_overflow(which, request, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(request.getfixturevalue(which).source, encoding="utf-8")
    count = "[...document.querySelectorAll('figure svg')].filter(one => one.getBoundingClientRect().height > 50).length"
    answered, complaints = looked_at(file, tmp_path / "profile", 360, f"[{WIDEST}, {count}]")
    assert complaints == []
    assert answered[0] <= 360
    assert answered[1] == len(request.getfixturevalue(which).alts)


def test_colours_stand_out_on_either_paper(binary):
    for palette in palettes(binary.source):
        series = [palette[f"series-{place}"] for place in (1, 2, 3)]
        assert all(contrast(colour, palette["paper"]) >= 3 for colour in series)  # WCAG 1.4.11
        assert all(contrast(*pair) >= 1.3 for pair in itertools.combinations(series, 2))
        for text in ("ink", "quiet", "mark"):  # what is missed is written in the last
            assert contrast(palette[text], palette["paper"]) >= 4.5  # WCAG 1.4.3
        assert contrast(shaded(palette["ink"], palette["paper"], DIAGONAL_SHADE), palette["paper"]) >= 3
        assert contrast(palette["ink"], shaded(palette["series-1"], palette["paper"], 0.45)) >= 4.5


def shaded(colour: str, paper: str, alpha: float) -> str:
    """The colour as it is seen through which the paper shines."""
    long = [one if len(one) == 7 else "#" + "".join(digit * 2 for digit in one[1:]) for one in (colour, paper)]
    pairs = zip(*([int(one[place : place + 2], 16) for place in (1, 3, 5)] for one in long), strict=True)
    return "#" + "".join(f"{round(alpha * over + (1 - alpha) * under):02x}" for over, under in pairs)
