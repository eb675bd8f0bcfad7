from __future__ import annotations

import itertools

import pytest

from components.example_gen.duplicates import Resolution, resolve
from components.example_gen.rows import Candidate
from components.example_gen.settings import COUNT, Duplicates

DROP = Duplicates()


def row(file="a.csv", line=2, labels=("pos",), text="A film", official=False):
    split = "test" if official else "train"
    return Candidate("00" * 16, text, None, labels, file, line, split, official, 2, 6, 0, "examples")


def test_single_row_is_kept():
    assert resolve([row()], DROP) == Resolution([row()])


def test_one_of_equal_rows_is_kept():
    rows = [row(line=3), row(line=9), row("b.csv", 1)]
    assert resolve(rows, DROP) == Resolution([row(line=3)], dropped={"within_split": 2})


def test_equal_rows_are_only_counted_where_that_is_configured():
    rows = [row(line=3), row(line=9)]
    assert resolve(rows, Duplicates(within_split=COUNT)) == Resolution(rows, repeated={"within_split": 1})


@pytest.mark.parametrize("settings", [DROP, Duplicates(COUNT, COUNT)])
def test_conflicting_rows_all_go_and_name_a_rival(settings):
    resolution = resolve([row(line=2), row(line=5, labels=("neg",)), row("b.csv", 4)], settings)
    assert (resolution.kept, resolution.dropped, resolution.repeated) == ([], {}, {})
    assert {(bad.file, bad.line): bad.detail for bad in resolution.conflicting} == {
        ("a.csv", 2): "labelled pos, but a.csv:5 has the same text labelled neg",
        ("a.csv", 5): "labelled neg, but a.csv:2 has the same text labelled pos",
        ("b.csv", 4): "labelled pos, but a.csv:5 has the same text labelled neg",
    }
    assert {bad.reason for bad in resolution.conflicting} == {"conflicting labels"}


def test_rows_that_hold_other_labels_of_many_conflict():
    resolution = resolve([row(labels=()), row(line=3, labels=("rude", "threat"))], DROP)
    assert [bad.detail for bad in resolution.conflicting] == [
        "labelled with none, but a.csv:3 has the same text labelled rude, threat",
        "labelled rude, threat, but a.csv:2 has the same text labelled with none",
    ]


def test_official_test_row_stays_and_its_copies_are_duplicates():
    official = row("test/pos/1.txt", 1, official=True)
    copies = [row("train/pos/1.txt"), row("train/pos/2.txt")]
    for same in itertools.permutations([official, *copies]):
        resolution = resolve(same, DROP)
        assert (resolution.kept, resolution.dropped["across_splits"]) == ([official], 2)


def test_copies_of_an_official_test_row_stay_where_they_are_only_counted():
    official, copy = row("test/pos/1.txt", 1, official=True), row("train/pos/1.txt")
    resolution = resolve([official, copy], Duplicates(across_splits=COUNT))
    assert resolution.kept == [official, copy]
    assert (resolution.dropped, resolution.repeated["across_splits"]) == ({}, 1)


def test_row_that_contradicts_the_official_test_goes_to_quarantine():
    official = row("test/pos/1.txt", 1, official=True)
    resolution = resolve([row("train/neg/1.txt", labels=("neg",)), row("train/pos/1.txt"), official], DROP)
    assert (resolution.kept, resolution.dropped["across_splits"]) == ([official], 1)
    assert [bad.file for bad in resolution.conflicting] == ["train/neg/1.txt"]
    assert "test/pos/1.txt:1" in resolution.conflicting[0].detail
    assert resolution.contradictions == 0


def test_official_test_split_stays_even_where_it_repeats_or_contradicts_itself():
    official = [
        row(f"test/{label}/{n}.txt", labels=(label,), official=True) for n, label in enumerate(["pos", "pos", "neg"])
    ]
    resolution = resolve([*official, row("train/neg/9.txt", labels=("neg",))], DROP)
    assert (resolution.kept, resolution.contradictions) == (official, 3)
    assert (resolution.dropped["across_splits"], resolution.repeated["within_split"]) == (1, 2)


def test_copies_that_stay_beside_the_official_row_are_still_duplicates_of_each_other():
    official = row("test/pos/1.txt", 1, official=True)
    copies = [row("train/pos/1.txt"), row("train/pos/2.txt")]
    resolution = resolve([*copies, official], Duplicates(across_splits=COUNT))
    assert resolution.kept == [official, copies[0]]
    assert (resolution.dropped, resolution.repeated) == ({"within_split": 1}, {"across_splits": 1})
