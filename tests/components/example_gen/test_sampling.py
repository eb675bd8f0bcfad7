from __future__ import annotations

import random

import pytest

from components.example_gen.normalise import text_id
from components.example_gen.rows import Candidate
from components.example_gen.sampling import Points, is_sampled, thresholds

RARE, USUAL = ("insincere",), ("sincere",)


def row(number):
    labels = RARE if number % 16 == 0 else USUAL
    return Candidate(text_id(str(number)), str(number), None, labels, "a", number, "train", False, 1, 1, 0, "examples")


def points_of(rows):
    points = Points()
    for each in rows:
        points.add(each)
    return points.to_bytes()


@pytest.mark.parametrize("fraction", [0.01, 0.1, 0.37, 1.0])
def test_every_label_has_the_same_part_exactly(fraction):
    rows = [row(number) for number in range(16_000)]
    up_to = thresholds([points_of(rows)], fraction)
    sample = [each for each in rows if is_sampled(each, up_to)]
    assert sum(each.labels == RARE for each in sample) == round(1000 * fraction)
    assert sum(each.labels == USUAL for each in sample) == round(15_000 * fraction)


def test_neither_order_nor_parts_matter_and_a_larger_sample_holds_a_smaller_one():
    rows = [row(number) for number in range(2000)]
    whole = thresholds([points_of(rows)], 0.2)
    random.Random(0).shuffle(rows)
    assert thresholds([points_of(rows[:300]), {}, points_of(rows[300:])], 0.2) == whole
    more = thresholds([points_of(rows)], 0.4)
    assert {each for each in rows if is_sampled(each, whole)} < {each for each in rows if is_sampled(each, more)}


def test_the_rarest_label_keeps_one_row():
    rows = [row(number) for number in range(1, 100) if number % 16] + [row(0)]
    up_to = thresholds([points_of(rows)], 0.05)
    assert [each.line for each in rows if each.labels == RARE and is_sampled(each, up_to)] == [0]
