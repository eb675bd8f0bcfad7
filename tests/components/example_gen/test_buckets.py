from __future__ import annotations

import random

from components.example_gen import buckets
from components.example_gen.buckets import BUCKETS, Spill, bucket_of, read_sorted
from components.example_gen.normalise import text_id
from components.example_gen.rows import Candidate


def row(text, line=1, pair=None):
    return Candidate(text_id(text), text, pair, ("pos",), "a.csv", line, "train", False, 1, len(text), 0, "examples")


def spilled(folder, rows):
    spill = Spill(str(folder))
    for each in rows:
        spill.add(each)
    spill.close()
    return spill.segments


def test_buckets_are_ranges_of_the_id():
    ids = sorted(text_id(str(number)) for number in range(3000))
    numbers = [bucket_of(each) for each in ids]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(BUCKETS))
    assert (bucket_of("0" * 32), bucket_of("f" * 32)) == (0, BUCKETS - 1)


def test_rows_come_back_as_they_were_and_in_the_order_of_their_ids(tmp_path, monkeypatch):
    monkeypatch.setattr(buckets, "_HELD_BYTES", 2000)
    texts = [*(f"text {number}" for number in range(200)), "line\nbreak\r\u2028\x85", "日本 😀", '"quoted" \\ back']
    rows = [row(text, line) for line, text in enumerate(texts)]
    rows.append(row("a pair", 999, pair="of\ntexts"))
    first, second = spilled(tmp_path, rows[:150]), spilled(tmp_path, rows[150:])
    back = list(read_sorted([*first, *second]))
    assert sorted(back, key=lambda each: each.line) == rows
    assert [each.id for each in back] == sorted(each.id for each in rows)


def test_neither_the_order_of_rows_nor_of_segments_matters(tmp_path, monkeypatch):
    rows = [row(f"text {number % 40}", number) for number in range(120)]
    expected = list(read_sorted(spilled(tmp_path / "1", rows)))
    random.Random(1).shuffle(rows)
    monkeypatch.setattr(buckets, "_HELD_BYTES", 3000)
    segments = spilled(tmp_path / "2", rows)
    random.Random(2).shuffle(segments)
    assert list(read_sorted(segments)) == expected


def test_what_is_held_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(buckets, "_HELD_BYTES", 1000)
    spill = Spill(str(tmp_path))
    most = 0
    for number in range(300):
        spill.add(row(f"text {number}"))
        most = max(most, spill._held_bytes)
    spill.close()
    assert most < 1000
    assert len({segment.path for segment in spill.segments}) == 1


def test_two_workers_and_two_attempts_never_share_a_file(tmp_path):
    rows = [row("a")]
    assert spilled(tmp_path, rows)[0].path != spilled(tmp_path, rows)[0].path


def test_nothing_to_spill_leaves_no_file(tmp_path):
    assert spilled(tmp_path / "spill", []) == []
    assert list((tmp_path / "spill").iterdir()) == []


def test_values_of_columns_come_back_and_which_row_is_first_does_not_depend_on_its_place(tmp_path):
    web, mail = row("a", line=1)._replace(columns=("web", "x")), row("a", line=2)._replace(columns=("mail", "x"))
    swapped = [web._replace(line=2), mail._replace(line=1)]
    assert list(read_sorted(spilled(tmp_path, [web, mail]))) == [mail, web]
    assert [each.columns for each in read_sorted(spilled(tmp_path, swapped))] == [("mail", "x"), ("web", "x")]


def test_a_file_name_that_is_no_utf8_comes_back(tmp_path):
    odd = row("a")._replace(file="caf\udce9.csv")
    assert list(read_sorted(spilled(tmp_path, [odd]))) == [odd]
