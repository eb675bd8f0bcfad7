from __future__ import annotations

from pathlib import Path

from components.exploration import tables
from tests.components.exploration.examples import Text
from tests.components.exploration.making import explore


def test_each_way_of_a_row_has_its_line(tmp_path: Path):
    found = explore(
        tmp_path,
        {"train": [Text("a"), Text("A")]},
        rows=30,
        quarantined={"empty text": 2, "bad encoding": 1},
        duplicates={"across_splits": 4},
        repeated={"within_split": 1},
        not_sampled=10,
        unlabelled=1,
        contradictions=3,
        references={"serving": 9},
    )
    rows = {name.strip(): count for name, count, _ in tables.account(found).rows}
    assert rows == {
        "rows read": "30", "examples": "12", "train": "10", "eval": "1", "test": "1", "in quarantine": "3",
        "empty text": "2", "bad encoding": "1", "duplicates dropped": "4", "across splits": "4", "not sampled": "10",
        "never labelled": "1",
    }  # fmt: skip
    said = " ".join(tables.remarks(found))
    assert "spaces and the like: 1 (1 within split)" in said
    assert "contradict others of it: 3." in said
    assert "9 serving" in said


def test_labels_of_few_texts_are_not_compared(tmp_path: Path):
    few = explore(tmp_path / "few", {"train": [Text(f"{place}", ("neg",)) for place in range(40)]})
    assert tables.by_label(few) is None
    texts = [Text(f"{place}", (("neg", "pos")[place % 2],), tokens=100 + 200 * (place % 2)) for place in range(80)]
    compared = tables.by_label(explore(tmp_path / "enough", {"train": texts}))
    assert compared is not None
    assert [(row[0], row[1], row[4], row[5]) for row in compared.rows] == [
        ("neg", "40", "100", "0.0 %"), ("pos", "40", "300", "100.0 %"),
    ]  # fmt: skip


def test_the_most_frequent_labels_are_chosen_the_rest_left_out(tmp_path: Path):
    names = tuple("abcdef")
    texts = [Text(f"{name} {place}", (name,)) for rank, name in enumerate(names) for place in range(1 + rank)]
    found = explore(tmp_path, {"train": texts}, "multiclass", names)
    assert tables.shown_labels(found, 2) == ["f", "e"]
    assert tables.shown_labels(found) == list(names)
    assert tables.sampled_labels(found, 2) == ["f", "e"]
