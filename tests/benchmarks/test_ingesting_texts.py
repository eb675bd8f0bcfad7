from __future__ import annotations

import csv
import io
import itertools
import lzma

import numpy as np
import pytest

from benchmarks.environment import BenchmarkError
from benchmarks.ingesting import texts


@pytest.fixture(scope="module")
def generated():
    return list(texts.generate(6000))


def test_generated_rows_are_the_same_every_time_and_begin_like_any_longer_run(generated):
    assert list(texts.generate(2500)) == generated[:2500]


def test_generated_rows_come_one_by_one():
    endless = texts.generate(10**12)
    assert len(list(itertools.islice(endless, 10))) == 10


def test_lengths_are_log_normal_around_that_of_reviews(generated):
    words = np.array([len(text.split()) for text, _ in generated])
    assert words.mean() == pytest.approx(texts.MEAN_WORDS, rel=0.05)
    assert np.log(words).std() == pytest.approx(texts.SIGMA, rel=0.05)
    assert np.percentile(words, 95) == pytest.approx(590, rel=0.07)


def test_words_follow_zipfs_law(generated):
    found = itertools.chain.from_iterable(text.replace(".", "").replace(",", "").split() for text, _ in generated)
    names, counts = np.unique(list(found), return_counts=True)
    counts = np.sort(counts)[::-1]
    assert len(names) > 20_000
    # With the shift of 2.7, the first word comes (100 + 2.7) / (1 + 2.7) times as often as the hundredth.
    assert counts[0] / counts[99] == pytest.approx(102.7 / 3.7, rel=0.1)


def test_one_row_in_a_hundred_repeats_the_one_before_it(generated):
    repeated = [i for i, (one, other) in enumerate(itertools.pairwise(generated)) if one == other]
    assert len(repeated) == 60
    assert len(set(generated)) == len(generated) - 60
    assert {label for _, label in generated} == set(texts.LABELS)


def test_what_is_written_is_read_again(tmp_path):
    table = texts.write_generated(tmp_path / "rows.csv", 150)
    with table.file.open(newline="") as lines:
        header, *rows = csv.reader(lines)
    assert header == ["text", "label"]
    assert [tuple(row) for row in rows] == list(texts.generate(150))
    assert (table.rows, table.labels) == (150, ("neg", "pos"))


def rows_in(file):
    with file.open(newline="") as lines:
        return [(row["text"], row["label"]) for row in csv.DictReader(lines)]


def given(file, rows):
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(["id", "label", "text"])
    writer.writerows([index, label, text] for index, (text, label) in enumerate(rows))
    file.write_bytes(lzma.compress(written.getvalue().encode()))


def test_of_a_given_file_all_rows_are_taken_or_some_at_random_yet_the_same(tmp_path):
    rows = [(f'text, "{index}"', "ja" if index < 50 else "nein") for index in range(100)]
    given(tmp_path / "given.csv.xz", rows)
    every = texts.write_real(tmp_path / "every.csv", None, tmp_path / "given.csv.xz")
    assert rows_in(every.file) == rows
    assert (every.rows, every.labels, every.source) == (100, ("ja", "nein"), "given.csv.xz")
    some, again = (texts.write_real(tmp_path / name, 40, tmp_path / "given.csv.xz") for name in ("some", "again"))
    assert some.file.read_bytes() == again.file.read_bytes()
    assert set(rows_in(some.file)) < set(rows)
    assert {label for _, label in rows_in(some.file)} == {"ja", "nein"}


@pytest.mark.parametrize(
    ("content", "rows", "message"),
    [
        ("text,label\na,x\nb,y\n", 3, "has 2 rows, and --rows asks for 3"),
        ("text,label\na,x\nb,x\n", None, "has 1 different labels"),
        ("review,sentiment\na,x\n", None, "has no column label nor text"),
        ("", None, "has no column label nor text"),
        ("text,label\na,x\nb\nc,y\n", None, "given.csv, line 3: the row ends before its label"),
        ("label,text\nx\n", None, "line 2: the row ends before its text"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path, content, rows, message):
    file = tmp_path / "given.csv"
    file.write_text(content)
    with pytest.raises(BenchmarkError, match=message):
        texts.write_real(tmp_path / "rows.csv", rows, file)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "given.csv").write_bytes(b"text,label\n\xff,x\n")
    with pytest.raises(BenchmarkError, match="cannot be read"):
        texts.write_real(tmp_path / "rows.csv", None, tmp_path / "given.csv")
    (tmp_path / "given.csv.xz").write_bytes(b"no xz")
    with pytest.raises(BenchmarkError, match="cannot be read"):
        texts.write_real(tmp_path / "rows.csv", None, tmp_path / "given.csv.xz")
