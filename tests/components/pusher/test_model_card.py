from __future__ import annotations

from typing import Any

import pytest
from markdown_it import MarkdownIt

from components.pusher.model_card import Facts, escape, write_card

TASK = {
    "name": "reviews",
    "data": {"source": "files", "path": "data/*.csv", "span": 7, "test_path": None, "test_span": "any"},
    "encoder": {"handle": "all-MiniLM-L6-v2", "max_tokens": 128, "truncation": "head_tail", "lower_case": None},
    "pair": False,
}
OVERALL = {"example_count": 1327.0, "accuracy": 0.8749, "auc": 0.9426, "log_loss": 0.31, "ece": None, "f1": 0.87}
VERDICT: dict[str, Any] = {
    "blessed": True,
    "forced": None,
    "reasons": [],
    "metrics": {
        "overall": OVERALL,
        "length_band=300+": {"example_count": 40.0, "accuracy": 0.8, "auc": None},
        "identity=women": {"example_count": 120.0, "accuracy": 0.9, "subgroup_auc": 0.91, "bpsn_auc": 0.88,
                           "bnsp_auc": None},
    },
    "intervals": {"overall": {"accuracy": [0.8567, 0.8926]}, "length_band=300+": {"accuracy": [0.67, 0.92]}},
    "confidence": 0.95,
    "resamples": 1000,
    "comparisons": [
        {"against": "linear", "slice": "overall", "metric": "auc", "value": 0.9426, "baseline": 0.951,
         "difference": -0.0084, "interval": [-0.016, -0.001]},
        {"against": "served", "slice": "length_band=300+", "metric": "auc", "value": 0.9, "baseline": 0.8,
         "difference": 0.1, "interval": None},
    ],
}  # fmt: skip
DECISIONS = {"kind": "binary", "names": ["neg", "pos"], "thresholds": [0.47], "temperature": [1.18]}
TRAINING = {
    "epochs": {"loss": [0.5, 0.4]}, "steps": 348, "precision": "bfloat16", "best_epoch": 2,
    "training": {"select_by": "auc"},
}  # fmt: skip
ROWS = {
    "rows": 8000, "examples": {"train": 6000, "test": 1327}, "duplicates": {"within_split": 23},
    "quarantined": {"empty text": 2}, "not_sampled": 650,
}  # fmt: skip


def card(**changed: Any) -> str:
    known = {
        "task": TASK, "verdict": VERDICT, "decisions": DECISIONS, "training": TRAINING, "rows": ROWS, "serving": None,
        "run": "2026-11-28T20-00-00", "date": "2026-11-28", "versions": {"tfx": "1.16.0"},
    }  # fmt: skip
    return write_card(Facts(**(known | changed)))


def tables(text: str) -> list[list[list[str]]]:
    """The rows of each table, as a parser of Markdown sees them."""
    found: list[list[list[str]]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and found and token.level > 3:
            found[-1][-1].append("".join(child.content for child in token.children or ()))
    return found


def headings(text: str) -> list[str]:
    tokens = MarkdownIt("commonmark").parse(text)
    return [tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "heading_open"]


def test_it_says_what_the_model_is_and_how_good():
    text = card()
    assert headings(text)[:5] == ["Model card: reviews", "Task", "Data", "Encoder and training", "Results"]
    metrics, slices, groups, comparisons, thresholds = tables(text)
    assert ["accuracy", "0.8749", "0.8567 to 0.8926"] in metrics
    assert ["ece", "—", "—"] in metrics
    assert ["length_band=300+", "40", "0.8000", "0.6700 to 0.9200", "—", "—", "—", "—"] in slices
    assert ["women", "0.9100", "0.8800", "—"] in groups
    assert comparisons[1:] == [["auc", "0.9426", "the linear baseline", "0.9510", "-0.0084", "-0.0160 to -0.0010"]]
    assert thresholds[1:] == [["pos", "0.47"]]
    assert "6,000 train, 1,327 test, of 8,000 rows" in text
    assert "Apache\\-2.0" in text or "Apache-2.0" in text
    assert "2 epoch(s), 348 steps in bfloat16; the best was epoch 2" in text
    assert "divided by 1.18" in text
    assert "95% intervals from a bootstrap of 1,000 draws and, where the draws tell too little, Wilson's." in text


def test_f1_is_left_out_of_slices_by_label_where_it_means_nothing():
    known = {"example_count": 500.0, "accuracy": 0.9, "f1": 0.0}
    intervals = {"label=neg": {"f1": [0.0, 0.0]}, "length_band=300+": {"f1": [0.0, 0.1]}}
    slices = {"label=neg": known, "length_band=300+": known}
    rows = tables(card(verdict={**VERDICT, "metrics": {"overall": OVERALL, **slices}, "intervals": intervals}))[1]
    assert ["label=neg", "500", "0.9000", "—", "—", "—", "—", "—"] in rows
    assert ["length_band=300+", "500", "0.9000", "—", "—", "—", "0.0000", "0.0000 to 0.1000"] in rows


SERVING = {
    "checks": [
        {"name": "gRPC parity", "value": 7.450580596923828e-07, "limit": 0.0001, "unit": ""},
        {"name": "memory", "value": 1147.234, "limit": 3072.0, "unit": "MB"},
        {"name": "loading", "value": "available", "limit": "available", "unit": ""},
        {"name": "warm-up", "value": None, "limit": "replayed", "unit": ""},
    ]
}


def test_what_the_serving_check_measured_is_rounded():
    checks = next(table for table in tables(card(serving=SERVING)) if table[0][0] == "check")
    assert checks[1:] == [
        ["gRPC parity", "7.45e-07", "0.0001"],
        ["memory", "1,147 MB", "3,072 MB"],
        ["loading", "available", "available"],
        ["warm-up", "—", "replayed"],
    ]


def test_the_served_model_is_told_by_its_version():
    comparison = {"against": "served", "slice": "overall", "metric": "auc", "value": 0.9, "baseline": 0.8,
                  "difference": 0.1, "interval": None}  # fmt: skip
    text = card(verdict={**VERDICT, "comparisons": [comparison], "baseline_version": "7"})
    assert ["auc", "0.9000", "the served model, version 7", "0.8000", "+0.1000", "—"] in tables(text)[3]


def test_what_a_reader_must_know_of_the_verdict_is_told():
    assert "\n- nothing is served yet, so max\\_drop was not applied\n" in card(
        verdict={**VERDICT, "notes": ["nothing is served yet, so max_drop was not applied"]}
    )


def test_slices_that_are_left_out_are_counted():
    values = {"example_count": 200.0, "accuracy": 0.9}
    verdict = {**VERDICT, "metrics": {"overall": OVERALL, **{f"source={n}.csv": values for n in range(43)}}}
    text = card(verdict=verdict)
    assert len(tables(text)[1]) == 1 + 40
    assert "\n3 more are in the run's report.json.\n" in text
    assert "more are in" not in card()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "the source's own where it has one; else drawn by hash"),
        ({"test_path": "held_out/*.csv"}, "Test split: held\\_out/\\*.csv"),
        ({"test_span": "newest"}, "Test split: the newest span"),
    ],
)
def test_it_says_where_the_test_split_is_from(data, said):
    assert said in card(task=TASK | {"data": TASK["data"] | data})


@pytest.mark.parametrize(
    ("handle", "lower_case", "said"),
    [
        ("all-MiniLM-L6-v2", None, ["in: English", "capital and small letters as equal"]),
        ("bert_multi_cased_L-12_H-768_A-12", None, ["in: 104 languages", "tells capital from small letters"]),
        ("bert_multi_cased_L-12_H-768_A-12", True, ["in: 104 languages", "capital and small letters as equal"]),
        ("my/encoder", None, ["not known to bertline", "as its encoder has it"]),
        ("my/encoder", False, ["not known to bertline", "tells capital from small letters"]),
    ],
)
def test_languages_and_casing_of_the_encoder_are_among_its_limits(handle, lower_case, said):
    encoder = TASK["encoder"] | {"handle": handle, "lower_case": lower_case}
    limits = card(task=TASK | {"encoder": encoder}).partition("## Limits")[2]
    assert [words for words in said if words not in limits] == []


def test_an_address_is_shown_without_its_secrets():
    encoder = TASK["encoder"] | {"handle": "https://tfhub.dev/google/electra_base/2?token=hidden"}
    text = card(task=TASK | {"encoder": encoder})
    assert "hidden" not in text
    assert "electra\\_base/2" in text


def test_slices_with_few_examples_are_among_its_limits():
    text = card()
    assert "too few examples to be sure: length\\_band=300\\+" in text
    assert "groups of people was not measured" not in text
    plain = {**VERDICT, "metrics": {"overall": OVERALL}}
    assert "groups of people was not measured" in card(verdict=plain)


def test_a_forced_blessing_stands_above_everything():
    text = card(verdict={**VERDICT, "forced": "ticket 42", "reasons": ["auc 0.9426 < 0.9500 (overall)"]})
    assert text.index("Published by force") < text.index("## Task")
    assert "ticket 42" in text
    assert "missed: auc 0.9426 \\< 0.9500" in text


def test_what_is_not_known_is_said_to_be():
    text = card(decisions=None, training=None, rows=None, verdict={"metrics": {"overall": {"example_count": 0}}})
    assert "How many rows there were is not known" in text
    assert "How it was trained is not known" in text
    assert "What the Evaluator found is not known" in text
    assert "From which score on it predicts a label is not known" in text
    assert "likeliest" not in text
    assert "None" not in text


@pytest.mark.parametrize("kind", ["multilabel", "multiclass"])
def test_several_labels_have_their_figures_and_thresholds(kind):
    thresholds = [0.3, 0.6] if kind == "multilabel" else None
    decisions = {"kind": kind, "names": ["a", "b"], "thresholds": thresholds, "temperature": [1.0]}
    verdict = {**VERDICT, "metrics": {"overall": OVERALL | {"f1_micro": 0.7, "auc/a": 0.9, "auc/b": 0.8}}}
    text = card(decisions=decisions, verdict=verdict)
    assert ["auc/b", "0.8000", "—"] in tables(text)[0]
    assert ["f1_micro", "0.7000", "—"] in tables(text)[0]
    assert (["b", "0.6"] in tables(text)[-1]) == (kind == "multilabel")
    assert ("The likeliest label is predicted" in text) == (kind == "multiclass")


def test_pairs_are_called_as_pairs():
    text = card(task=TASK | {"pair": True})
    assert '{"instances": [{"text": "a text", "text_pair": "another"}]}' in text
    assert 'client.predict(["a text"], ["another"])' in text


HOSTILE = [
    "a|b",
    "<script>alert(1)</script>",
    "# heading",
    "line\nbreak | x",
    "`code`",
    "[x](http://x)",
    "**b**",
    "\\|",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_shown_and_never_obeyed(name):
    verdict = {**VERDICT, "metrics": {"overall": OVERALL, f"source={name}": {"example_count": 200.0, "accuracy": 0.9}}}
    decisions = {"kind": "binary", "names": ["no", name], "thresholds": [0.5], "temperature": [1.0]}
    text = card(verdict=verdict, decisions=decisions)
    expected = " ".join(name.split())
    slices = tables(text)[1]
    assert slices[1][0] == f"source={expected}"
    assert {len(row) for row in slices} == {8}
    assert tables(text)[-1][1] == [expected, "0.5"]
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    assert not any(token.type == "html_block" for token in tokens)
    kinds = {child.type for token in tokens for child in token.children or ()}
    assert not kinds & {"html_inline", "link_open", "image"}
    assert headings(text)[0] == "Model card: reviews"


@pytest.mark.parametrize(
    ("name", "shown"), [("a\x1b[31m", "a\\x1b[31m"), ("a\u202eb", "a\\u202eb"), ("क्\u200dष", "क्\u200dष")]
)
def test_what_would_steer_a_reader_s_screen_is_spelled_out(name, shown):
    decisions = {"kind": "binary", "names": ["no", name], "thresholds": [0.5], "temperature": [1.0]}
    assert tables(card(decisions=decisions))[-1][1] == [shown, "0.5"]


def test_escaping_is_undone_by_a_parser():
    for name in HOSTILE:
        [token] = [token for token in MarkdownIt("commonmark").parse(escape(name)) if token.type == "inline"]
        assert "".join(child.content for child in token.children or ()) == " ".join(name.split())
