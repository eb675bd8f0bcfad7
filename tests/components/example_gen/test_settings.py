from __future__ import annotations

import pytest

from components.example_gen.settings import DataSettings, Duplicates, LabelSettings, Sample, Serving


def test_defaults_are_the_configurations():
    data = DataSettings.from_dict({"source": "embedded"})
    assert (data.text, data.label, data.delimiter) == ("text", "label", None)
    assert data.splits == {"train": 0.8, "eval": 0.1, "test": 0.1}
    assert (data.sample, data.max_bad_fraction, data.max_characters) == (Sample(1.0, False), 0.01, 100_000)
    assert LabelSettings.from_dict({}).names == ("neg", "pos")


def test_keys_of_other_steps_are_passed_over_and_lists_become_tuples():
    data = DataSettings.from_dict({"source": "files", "path": "a.csv", "length_bands": [10], "later_key": 1})
    assert (data.path, data.length_bands) == ("a.csv", (10,))
    assert LabelSettings.from_dict({"names": ["a", "b"], "kind": "binary", "threshold": 0.5}).names == ("a", "b")


@pytest.mark.parametrize(
    ("raw", "name"),
    [("pos", "pos"), (" neg\n", "neg"), ("1", "pos"), ("0 ", "neg"), ("POS", None), ("", None), ("2", None)],
)
def test_name_of(raw, name):
    assert LabelSettings(aliases={"0": "neg", "1": "pos"}).name_of(raw) == name


def test_alias_comes_before_a_name():
    labels = LabelSettings(names=("0", "1"), aliases={"0": "1", "1": "0"})
    assert (labels.name_of("0"), labels.accepted) == ("1", ("0", "1"))


def test_accepted_names_every_value_once():
    assert LabelSettings(aliases={"bad": "neg", "pos": "pos"}).accepted == ("neg", "pos", "bad")


def test_nested_sections_become_settings():
    data = DataSettings.from_dict(
        {
            "source": "files",
            "label": ["a", "b"],
            "columns": ["channel"],
            "sample": {"fraction": 0.1, "stratify": True},
            "duplicates": {"within_split": "count"},
            "serving": {"path": "sent.jsonl", "text": "body"},
        }
    )
    assert (data.sample, data.duplicates) == (Sample(0.1, True), Duplicates("drop", "count"))
    assert data.columns == ("channel",)
    assert (data.serving, data.label) == (Serving("sent.jsonl", text="body"), ("a", "b"))


@pytest.mark.parametrize(
    ("kind", "held", "target"),
    [
        ("binary", ("b",), [1]),
        ("binary", ("a",), [0]),
        ("multiclass", ("b",), [0, 1]),
        ("multilabel", (), [0, 0]),
        ("multilabel", ("a", "b"), [1, 1]),
    ],
)
def test_target(kind, held, target):
    assert LabelSettings(kind, ("a", "b")).target(held) == target
