from __future__ import annotations

import numpy as np

from components.linear_baseline import reading
from tests.components.linear_baseline.corpus import write


def test_every_file_is_read_in_order_and_by_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_BATCH_SIZE", 4)
    rows = [(f"id-{number}", f"text {number}", None, [number % 2, 1]) for number in range(10)]
    files = write(tmp_path, rows, files=2)
    batches = list(reading.read(files, labels=2, pair=False))
    assert reading.count(files) == 10
    assert [len(batch.ids) for batch in batches] == [4, 4, 2]
    expected = [*rows[::2], *rows[1::2]]
    assert [identity for batch in batches for identity in batch.ids] == [row[0] for row in expected]
    assert [text for batch in batches for text in batch.texts[0]] == [row[1] for row in expected]
    np.testing.assert_array_equal(np.concatenate([batch.targets for batch in batches]), [row[3] for row in expected])


def test_html_breaks_part_words_in_both_texts_of_a_pair(tmp_path):
    files = write(tmp_path, [("id", "one<br />two", "drei<BR>vier ü", [1])])
    [batch] = reading.read(files, labels=1, pair=True)
    assert batch.texts == [["one two"], ["drei vier ü"]]


def test_an_empty_split_has_no_batch(tmp_path):
    for files in ([], write(tmp_path, [])):
        assert list(reading.read(files, labels=1, pair=False)) == []
        assert reading.count(files) == 0
