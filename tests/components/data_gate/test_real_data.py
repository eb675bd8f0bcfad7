"""The thresholds of our schemas on the real data, if it lies beside the repository: halves of it are the same, and
what the schemas' comments say is different is.
"""

from __future__ import annotations

import csv
import lzma
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

import schema
from components.data_gate.comparators import DRIFT
from components.data_gate.comparisons import DIFFERENT, SAME, TOO_FEW_ROWS, Side, compare
from components.data_gate.profile_statistics import profile_statistics
from components.features import LABEL, WORDS

DATA = Path(__file__).parents[4] / "shared" / "data"
TOXIC = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
# Halves of 3,000 comments are too few for labels that 0.3 % of them hold.
UNCHANGED = {"quora": SAME, "toxic": TOO_FEW_ROWS}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (DATA / "quora.csv.xz").exists(), reason="the real data is not beside the repository"),
]


def _read(name):
    """The number of words and the labels of each row, shuffled."""
    with lzma.open(DATA / f"{name}.csv.xz", "rt", encoding="utf-8", newline="") as file:
        rows = [_row(name, row) for row in csv.DictReader(file)]
    return [rows[index] for index in np.random.default_rng(0).permutation(len(rows))]


def _row(name, row):
    if name == "quora":
        return len(row["question_text"].split()), ["insincere" if row["target"] == "1" else "sincere"]
    return len(row["comment_text"].split()), [label for label in TOXIC if row[label] == "1"]


def _verdicts(name, reference, current):
    text = (Path(schema.__path__[0]) / name / "schema.pbtxt").read_text(encoding="utf-8")
    before, now = (Side(side, _measure(rows)) for side, rows in (("before", reference), ("now", current)))
    parsed = text_format.Parse(text, schema_pb2.Schema())
    return {comparison.feature: comparison.verdict for comparison in compare(DRIFT, before, now, parsed)}


def _measure(rows):
    return profile_statistics(pa.table({WORDS: [row[0] for row in rows], LABEL: [row[1] for row in rows]}))


@pytest.mark.parametrize("name", ["quora", "toxic"])
def test_halves_are_the_same(name):
    rows = _read(name)
    half = len(rows) // 2
    assert _verdicts(name, rows[:half], rows[half:]) == {WORDS: SAME, LABEL: UNCHANGED[name]}


@pytest.mark.parametrize(("name", "factor"), [("quora", 1.3), ("toxic", 1.8)])
def test_longer_texts_are_different(name, factor):
    rows = _read(name)
    half = len(rows) // 2
    longer = [(round(words * factor), labels) for words, labels in rows[half:]]
    assert _verdicts(name, rows[:half], longer) == {WORDS: DIFFERENT, LABEL: UNCHANGED[name]}


@pytest.mark.parametrize(("name", "negative", "times"), [("quora", ["sincere"], 2), ("toxic", [], 2)])
def test_twice_the_rate_is_different(name, negative, times):
    rows = _read(name)
    half = len(rows) // 2
    positive = [row for row in rows[half:] if row[1] != negative]
    assert _verdicts(name, rows[:half], rows[half:] + positive * (times - 1))[LABEL] == DIFFERENT
