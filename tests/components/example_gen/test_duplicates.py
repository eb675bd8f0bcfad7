from __future__ import annotations

import itertools

from components.example_gen.duplicates import resolve
from components.example_gen.rows import Candidate


def row(file="a.csv", line=2, label="pos", text="A film", official=False):
    split = "test" if official else "train"
    return Candidate("00" * 16, text, label, file, line, split, official, words=2)


def test_single_row_is_kept():
    assert resolve([row()]) == ([row()], 0, [])


def test_one_of_equal_rows_is_kept_whatever_their_order():
    rows = [row(line=9), row(line=3), row("b.csv", 1)]
    for order in itertools.permutations(rows):
        assert resolve(order) == ([row(line=3)], 2, [])


def test_the_kept_text_depends_on_the_texts_and_not_on_where_they_stand():
    texts = ["a film", "A FILM", " a film"]
    kept = {
        resolve([row(line=line, text=text) for line, text in enumerate(order)]).kept[0].text
        for order in itertools.permutations(texts)
    }
    assert len(kept) == 1


def test_conflicting_rows_all_go_and_name_a_rival():
    kept, duplicates, conflicting = resolve([row(line=2), row(line=5, label="neg"), row("b.csv", 4)])
    assert (kept, duplicates) == ([], 0)
    assert {(bad.file, bad.line): bad.detail for bad in conflicting} == {
        ("a.csv", 2): "labelled pos, but a.csv:5 has the same text labelled neg",
        ("a.csv", 5): "labelled neg, but a.csv:2 has the same text labelled pos",
        ("b.csv", 4): "labelled pos, but a.csv:5 has the same text labelled neg",
    }
    assert {bad.reason for bad in conflicting} == {"conflicting labels"}


def test_official_test_row_stays_and_its_copies_are_duplicates():
    official = row("test/pos/1.txt", 1, official=True)
    assert resolve([row("train/pos/1.txt"), official, row("train/pos/2.txt")]) == ([official], 2, [])


def test_row_that_contradicts_the_official_test_goes_to_quarantine():
    official = row("test/pos/1.txt", 1, official=True)
    kept, duplicates, conflicting = resolve([row("train/neg/1.txt", label="neg"), row("train/pos/1.txt"), official])
    assert (kept, duplicates) == ([official], 1)
    assert [bad.file for bad in conflicting] == ["train/neg/1.txt"]
    assert "test/pos/1.txt:1" in conflicting[0].detail


def test_official_test_split_stays_even_where_it_repeats_or_contradicts_itself():
    official = [
        row(f"test/{label}/{n}.txt", label=label, official=True) for n, label in enumerate(["pos", "pos", "neg"])
    ]
    assert resolve([*official, row("train/neg/9.txt", label="neg")]) == (official, 1, [])
