from __future__ import annotations

import csv
import io
import lzma

import pytest

from benchmarks import workloads
from benchmarks.environment import BenchmarkError
from benchmarks.workloads import questions, reviews, short_sentences


@pytest.fixture
def data(tmp_path):
    """A folder like the one beside the repository, with twenty questions of which one stands there twice."""
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow(["qid", "question_text", "target"])
    writer.writerows([index, f"What is the {index % 19}th, naïvely?", 0] for index in range(20))
    (tmp_path / "quora.csv.xz").write_bytes(lzma.compress(lines.getvalue().encode()))
    return tmp_path


def test_every_text_is_picked_once_and_always_in_the_same_order(data):
    first = questions(19, data)
    assert first.texts == questions(19, data).texts
    assert sorted(first.texts) == sorted(f"What is the {index}th, naïvely?".encode() for index in range(19))
    assert list(first.texts) != sorted(first.texts)
    assert first.mean_words == 5
    assert first.source == "Quora"


def test_too_few_texts_are_said(data):
    with pytest.raises(BenchmarkError, match="Quora has 19 different texts, and 20 are asked for; ask for fewer"):
        questions(20, data)


def test_without_data_sets_the_embedded_reviews_stand_in(tmp_path):
    long, short = reviews(5, tmp_path), questions(5, tmp_path)
    assert len(long.texts) == len(short.texts) == 5
    assert long.mean_words > 5 * short.mean_words
    assert "embedded" in long.source
    assert "embedded" in short.source


def test_short_sentences_are_cut_out_of_a_text():
    text = "Too short. This one is as long as a question is.<br />So is this one, after a break! " + "long " * 50 + "."
    assert list(short_sentences(text)) == [
        "This one is as long as a question is.",
        "So is this one, after a break!",
    ]


def test_real_data_is_looked_for_beside_the_repository():
    assert workloads.DATA.parts[-2:] == ("shared", "data")
